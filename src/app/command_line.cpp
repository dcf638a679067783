#include "heddle/app/command_line.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "heddle/app/launched.hpp"
#include "heddle/base/outcome.hpp"
#include "heddle/base/terminal.hpp"

namespace heddle::app {
namespace {

int exit_code_of(const std::function<void()>& body) {
  const auto [code, message] = outcome_of(body);
  if (!message.empty()) print_error(message);
  return static_cast<int>(code);
}

void add_check(CLI::App& line, Chosen& chosen) {
  auto* command =
      line.add_subcommand("check", "Read a deck, print it resolved, with parameters, memory and FLOPs");
  const auto arguments = std::make_shared<DeckArguments>();
  add_deck(*command, *arguments);
  command->callback([&chosen, arguments] { chosen = alone([arguments] { check(*arguments); }); });
}

void add_schedule(CLI::App& line, Chosen& chosen) {
  auto* command =
      line.add_subcommand("schedule", "Print who does what when in a pipeline; [pipeline] is enough");
  const auto arguments = std::make_shared<ScheduleArguments>();
  add_deck(*command, arguments->deck);
  command
      ->add_option("--format", arguments->format,
                   "text: a picture of letters; csv: cells of torch.distributed.pipelining; svg: a "
                   "picture, with the deck's costs")
      ->check([](const std::string& word) {
        return word == "png" ? std::string("pictures are SVG: give svg") : std::string();
      })
      ->check(CLI::IsMember({"text", "csv", "svg"}))
      ->capture_default_str();
  command->add_flag("--communication", arguments->communication, "Sends and receives too");
  command->add_option("-o,--output", arguments->output, "File to write; svg needs one");
  add_overwrite(*command, arguments->overwrite);
  command->callback([&chosen, arguments] { chosen = alone([arguments] { schedule(*arguments); }); });
}

void add_simulate(CLI::App& line, Chosen& chosen) {
  auto* command = line.add_subcommand(
      "simulate",
      "Predict a step of a pipeline: makespan, bubble, what it holds; [pipeline] and [cost] are enough");
  const auto arguments = std::make_shared<SimulateArguments>();
  add_deck(*command, arguments->deck);
  command->add_option("--json", arguments->json, "File to write all figures to; - for standard output");
  command->add_option("-o,--output", arguments->run_file, "run.h5 to write, for heddle timeline");
  command->add_option("--svg", arguments->picture, "Picture of the timeline to write");
  add_overwrite(*command, arguments->overwrite);
  command
      ->add_option_function<std::string>("--png",
                                         [](const std::string&) {
                                           throw CLI::ValidationError("--png",
                                                                      "pictures are SVG: give --svg FILE");
                                         })
      ->group("");
  command->callback([&chosen, arguments] { chosen = alone([arguments] { simulate(*arguments); }); });
}

}  // namespace

CLI::Option* add_deck(CLI::App& command, DeckArguments& deck) {
  CLI::Option* const file =
      command.add_option("DECK", deck.file, "Input deck, TOML; - for standard input")->required();
  command.add_option("overrides", deck.overrides, "section.key=value, stronger than the deck");
  return file;
}

void add_overwrite(CLI::App& command, bool& overwrite) {
  command.add_flag("--overwrite", overwrite, "Replace an output that is there, whatever it is");
}

void add_pure_commands(CLI::App& line, Chosen& chosen) {
  add_check(line, chosen);
  add_schedule(line, chosen);
  add_simulate(line, chosen);
}

Chosen alone(std::function<void()> body) {
  return [body = std::move(body)](int, char**) { return first_process() ? exit_code_of(body) : 0; };
}

}  // namespace heddle::app
