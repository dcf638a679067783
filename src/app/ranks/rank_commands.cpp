// The commands of a build that has MPI, Kokkos and HDF5.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "heddle/app/command_line.hpp"
#include "heddle/app/launched.hpp"
#include "heddle/base/outcome.hpp"
#include "heddle/base/terminal.hpp"

namespace heddle::app {
namespace {

constexpr std::int64_t most_bench_steps = 100'000, most_tokens = 1'000'000'000,
                       most_seed = std::int64_t{1} << 62;

/// Of processes that do not see each other.
int said_by_the_first(const Outcome& outcome) {
  if (first_process()) print_error(outcome.message);
  return static_cast<int>(outcome.code);
}

/// What a command does that all ranks take part in.
Chosen together(std::function<void(comm::World&)> body) {
  return [body = std::move(body)](int argc, char** argv) {
    comm::World world(argc, argv);
    const Outcome seen = outcome_of([&] { demand_one_world(world.size()); });
    if (seen.code != ExitCode::done) return said_by_the_first(seen);
    return static_cast<int>(world.run([&] { body(world); }));
  };
}

void add_run(CLI::App& line, Chosen& chosen) {
  auto* command = line.add_subcommand("run", "Train what a deck describes; start it with srun or mpirun");
  const auto arguments = std::make_shared<RunArguments>();
  add_deck(*command, arguments->deck);
  auto* const overwrite = command->add_flag("--overwrite", arguments->overwrite,
                                            "Replace what an earlier run left in output.directory");
  const auto restart = std::make_shared<std::string>();
  auto* const asked = command->add_flag(
      "--restart{newest}", *restart,
      "Go on from the newest checkpoint in output.directory, or begin where there is none; =PATH: from a "
      "checkpoint or a run's folder");
  asked->excludes(overwrite);
  command->add_flag("-q,--quiet", arguments->quiet,
                    "Print warnings and errors alone; run.log in output.directory has all lines");
  command
      ->add_option("--fault", arguments->faults,
                   "ACTION:KIND[:step=N][:rank=N][:seconds=X], a fault to inject: delay, hang, fail or nan")
      ->allow_extra_args(false);
  command->callback([&chosen, arguments, restart, asked] {
    if (asked->count() > 0) arguments->restart = *restart == "newest" ? "" : *restart;
    chosen = together([arguments](comm::World& world) { run(*arguments, world); });
  });
}

void add_bench(CLI::App& line, Chosen& chosen) {
  auto* command = line.add_subcommand(
      "bench", "Time a deck's training step op by op, against what this machine gives; needs no tokens");
  const auto arguments = std::make_shared<BenchArguments>();
  add_deck(*command, arguments->deck)->required(false);
  command->add_option("--steps", arguments->settings.steps, "How many steps of each kind to time")
      ->check(CLI::Range(std::int64_t{1}, most_bench_steps))
      ->capture_default_str();
  command->add_option("--json", arguments->settings.json,
                      "File to write all figures to; - for standard output");
  add_overwrite(*command, arguments->settings.overwrite);
  command->add_flag("--by-tensor", arguments->settings.by_tensor,
                    "A row for each op and tensor, the layers together");
  command->add_option("--machine", arguments->machine,
                      "Measure the machine instead, and write a [machine] for cost.machine to this new file; "
                      "of DECK, if it is given, only the shape of attention is used");
  command->callback([&chosen, arguments] {
    if (arguments->deck.file.empty() && arguments->machine.empty())
      throw CLI::RequiredError("DECK or --machine");
    chosen = together([arguments](comm::World& world) { bench(*arguments, world); });
  });
}

void add_timeline(CLI::App& line, Chosen& chosen) {
  auto* command =
      line.add_subcommand("timeline", "Draw what every rank of a run did when, and where it waited");
  const auto arguments = std::make_shared<TimelineArguments>();
  command->add_option("RUN", arguments->runs, "Run files, under each other on one scale of time")->required();
  command
      ->add_option("--steps", arguments->steps,
                   "A:B, both included, or A; one for each file (the last three)")
      ->allow_extra_args(false);
  command->add_option("--title", arguments->title, "Of the picture")->capture_default_str();
  command->add_option("-o,--output", arguments->output, "SVG file to write")->required();
  add_overwrite(*command, arguments->overwrite);
  command->callback([&chosen, arguments] { chosen = alone([arguments] { timeline(*arguments); }); });
}

void add_prepare(CLI::App& line, Chosen& chosen) {
  auto* command = line.add_subcommand("prepare", "Turn texts into a tokens file");
  const auto arguments = std::make_shared<data::PrepareSettings>();
  const auto tokenizer = std::make_shared<std::string>("byte");
  command->add_option("TEXT", arguments->texts, "Text files, joined as they stand; - for standard input")
      ->required();
  command->add_option("-o,--output", arguments->tokens_file, "Tokens file to write")->required();
  add_overwrite(*command, arguments->overwrite);
  command->add_option("--tokenizer", *tokenizer, "byte or char")
      ->check(CLI::IsMember({"byte", "char"}))
      ->capture_default_str();
  command->callback([&chosen, arguments, tokenizer] {
    arguments->kind = *io::token_kind(*tokenizer);
    chosen = alone([arguments] { app::prepare(*arguments); });
  });
}

void add_inspect(CLI::App& line, Chosen& chosen) {
  auto* command = line.add_subcommand("inspect", "Say what a checkpoint, a run.h5 or a tokens file holds");
  const auto arguments = std::make_shared<InspectArguments>();
  command->add_option("FILE", arguments->file, "File that Heddle wrote")->required();
  command->add_flag("--verify", arguments->verify, "Read all of it, every checksum");
  command->callback([&chosen, arguments] { chosen = alone([arguments] { inspect(*arguments); }); });
}

void add_diff(CLI::App& line, Chosen& chosen) {
  auto* command = line.add_subcommand(
      "diff", "Say in what two checkpoints, or two run.h5, differ; exit code 1 where they do");
  const auto arguments = std::make_shared<DiffArguments>();
  command->add_option("FIRST", arguments->first, "Checkpoint or run.h5")->required();
  command->add_option("SECOND", arguments->second, "The other of its kind")->required();
  command->callback([&chosen, arguments] { chosen = alone([arguments] { diff(*arguments); }); });
}

void add_generate(CLI::App& line, Chosen& chosen) {
  auto* command = line.add_subcommand("generate", "Write text with a run's last checkpoint");
  const auto arguments = std::make_shared<GenerateArguments>();
  command->add_option("RUN", arguments->run, "The run's directory, or its run.h5")->required();
  command->add_option("--prompt", arguments->prompt, "Text to go on from (a line break)");
  command->add_option("--tokens", arguments->tokens, "How many tokens to write")
      ->check(CLI::Range(std::int64_t{0}, most_tokens))
      ->capture_default_str();
  command->add_option("--temperature", arguments->temperature, "0 takes the likeliest token")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "Another seed, another text")
      ->check(CLI::Range(std::int64_t{0}, most_seed))
      ->capture_default_str();
  command->callback([&chosen, arguments] {
    chosen = together([arguments](comm::World& world) { generate(*arguments, world); });
  });
}

}  // namespace

void add_rank_commands(CLI::App& line, Chosen& chosen) {
  add_run(line, chosen);
  add_bench(line, chosen);
  add_timeline(line, chosen);
  add_prepare(line, chosen);
  add_generate(line, chosen);
  add_inspect(line, chosen);
  add_diff(line, chosen);
}

}  // namespace heddle::app
