// heddle help: of all, of a command, of a section of the deck, of a key; as a manual page. heddle version, heddle completion.
#include <fmt/format.h>

#include <memory>
#include <vector>

#include "heddle/app/command_line.hpp"
#include "heddle/base/error.hpp"
#include "heddle/base/nearest.hpp"
#include "heddle/deck/print.hpp"
#include "spelled.hpp"

namespace heddle::app {
namespace {

void print_help(const CLI::App& line, const std::string& topic) {
  if (topic.empty()) return fmt::print("{}", line.help());
  std::vector<std::string_view> known = deck::topics();
  for (const CLI::App* command : line.get_subcommands({})) {
    if (command->get_name() == topic) return fmt::print("{}", command->help(line.get_name()));
    known.push_back(command->get_name());
  }
  if (const std::string text = deck::help(topic); !text.empty()) return fmt::print("{}", text);
  const auto is_key = [](std::string_view name) { return name.find('.') != std::string_view::npos; };
  std::erase_if(known, [&](std::string_view name) { return is_key(name) != is_key(topic); });
  const std::string meant = nearest(topic, known);
  throw Error(ExitCode::usage,
              fmt::format("command line: help {}: no command, section or key of a deck", topic), "",
              meant.empty() ? "see heddle help" : fmt::format("did you mean {}?", meant));
}

void add_completion(CLI::App& line, Chosen& chosen) {
  const auto shell = std::make_shared<std::string>();
  auto* command = line.add_subcommand(
      "completion", "Print what a shell reads to complete heddle's words: . <(heddle completion bash)");
  command->add_option("SHELL", *shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));
  command->callback([&line, &chosen, shell] {
    chosen = alone([&line, shell] { fmt::print("{}", completion(spelled(line), *shell)); });
  });
}

}  // namespace

void add_help(CLI::App& line, Chosen& chosen) {
  const auto topic = std::make_shared<std::string>();
  auto* help =
      line.add_subcommand("help", "Tell of a command, or of a section or key of a deck: help model.width");
  help->add_option("TOPIC", *topic, "Command, section or section.key");
  const auto as_page = std::make_shared<bool>();
  help->add_flag("--man", *as_page, "All of it as a manual page, for man -l -");
  help->callback([&line, &chosen, topic, as_page] {
    chosen = alone([&line, topic, as_page] {
      *as_page ? fmt::print("{}", manual(spelled(line))) : print_help(line, *topic);
    });
  });
  add_completion(line, chosen);
  line.add_subcommand("version", "Print the version, and what built it")->callback([&line, &chosen] {
    chosen = alone([&line] { fmt::print("{}\n", line.version()); });
  });
}

}  // namespace heddle::app
