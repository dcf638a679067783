// The program: parses the command line, runs one command, and leaves with its exit code on every rank.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "heddle/app/commands.hpp"
#include "heddle/build_info.hpp"

namespace {

using namespace heddle;

constexpr std::int64_t most_bench_steps = 100'000, most_tokens = 1'000'000'000,
                       most_seed = std::int64_t{1} << 62;

/// The command line as CLI11 sees it. A chosen command leaves what it is to do in `alone_`, or in `together_` where it
/// needs MPI.
class CommandLine {
 public:
  CommandLine() : cli_("Heddle trains transformers in tensor x pipeline x data parallel.", "heddle") {
    cli_.set_version_flag("--version",
                          fmt::format("heddle {} ({}, {}, {})", build_info::version, build_info::git_state,
                                      build_info::compiler, build_info::build_type));
    cli_.require_subcommand(0, 1);  // so that an unknown one is named
    cli_.footer(
        "Exit codes: 0 done, 1 failure, 2 deck or command line, 3 numbers (NaN), 4 hang.\n"
        "Decks are described in docs/deck_reference.md.");
    add_deck_commands();
    add_schedule();
    add_simulate();
    add_bench();
    add_prepare();
    add_generate();
  }

  void parse(int argc, char** argv) {
    cli_.parse(argc, argv);
    if (!alone_ && !together_)
      throw CLI::RequiredError("run, check, schedule, simulate, bench, prepare or generate");
  }
  int exit(const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return cli_.exit(error);  // help and version
    const auto chosen = cli_.get_subcommands();
    fmt::print(stderr, "command line: {}; see heddle {}--help\n", error.what(),
               chosen.empty() ? "" : chosen.front()->get_name() + " ");
    return static_cast<int>(ExitCode::usage);
  }
  bool needs_ranks() const { return static_cast<bool>(together_); }
  void execute() const { alone_(); }
  void execute(comm::World& world) const { together_(world); }

 private:
  void add_deck_commands() {
    auto* run = cli_.add_subcommand("run", "Train what a deck describes; start it with srun or mpirun");
    add_deck(run, run_.deck);
    run->add_option("--fault", run_.faults,
                    "ACTION:KIND[:step=N][:rank=N][:seconds=X], a fault to inject: delay, hang, fail or nan")
        ->allow_extra_args(false);
    run->callback([this] { together_ = [this](comm::World& world) { app::run(run_, world); }; });
    auto* check =
        cli_.add_subcommand("check", "Read a deck, print it resolved, with parameters, memory and FLOPs");
    add_deck(check, deck_);
    check->callback([this] { alone_ = [this] { app::check(deck_); }; });
  }

  static void add_deck(CLI::App* command, app::DeckArguments& deck) {
    command->add_option("DECK", deck.file, "Input deck, TOML")->required();
    command->add_option("overrides", deck.overrides, "section.key=value, stronger than the deck");
  }

  void add_schedule() {
    auto* command =
        cli_.add_subcommand("schedule", "Print who does what when in a pipeline; [pipeline] is enough");
    add_deck(command, schedule_.deck);
    command
        ->add_option("--format", schedule_.format,
                     "text: a picture of letters; csv: cells of torch.distributed.pipelining; png: a "
                     "picture, with the deck's costs")
        ->check(CLI::IsMember({"text", "csv", "png"}))
        ->capture_default_str();
    command->add_flag("--communication", schedule_.communication, "Sends and receives too");
    command->add_option("-o,--output", schedule_.output, "File to write; png needs one");
    command->callback([this] { alone_ = [this] { app::schedule(schedule_); }; });
  }

  void add_simulate() {
    auto* command = cli_.add_subcommand(
        "simulate",
        "Predict a step of a pipeline: makespan, bubble, what it holds; [pipeline] and [cost] are enough");
    add_deck(command, simulate_.deck);
    command->add_option("--json", simulate_.json, "File to write all figures to; - for standard output");
    command->add_option("-o,--output", simulate_.run_file, "run.h5 to write, for analysis/timeline.py");
    command->add_option("--png", simulate_.picture, "Picture of the timeline to write");
    command->callback([this] { alone_ = [this] { app::simulate(simulate_); }; });
  }

  void add_bench() {
    auto* command = cli_.add_subcommand(
        "bench", "Time a deck's training step op by op, against what this machine gives; needs no tokens");
    add_deck(command, bench_.deck);
    command->add_option("--steps", bench_.settings.steps, "How many steps of each kind to time")
        ->check(CLI::Range(std::int64_t{1}, most_bench_steps))
        ->capture_default_str();
    command->add_option("--json", bench_.settings.json, "File to write all figures to");
    command->add_flag("--by-tensor", bench_.settings.by_tensor,
                      "A row for each op and tensor, the layers together");
    command->callback([this] { together_ = [this](comm::World& world) { app::bench(bench_, world); }; });
  }

  void add_prepare() {
    auto* command = cli_.add_subcommand("prepare", "Turn a text into a tokens file");
    command->add_option("TEXT", prepare_.text, "Text file")->required();
    command->add_option("-o,--output", prepare_.tokens, "Tokens file to write")->required();
    command->add_option("--tokenizer", tokenizer_, "byte or char")
        ->check(CLI::IsMember({"byte", "char"}))
        ->capture_default_str();
    command->callback([this] {
      prepare_.kind = *io::token_kind(tokenizer_);
      alone_ = [this] { app::prepare(prepare_); };
    });
  }

  void add_generate() {
    auto* command = cli_.add_subcommand("generate", "Write text with a run's last checkpoint");
    command->add_option("RUN", generate_.run, "The run's directory, or its run.h5")->required();
    command->add_option("--prompt", generate_.prompt, "Text to go on from (a line break)");
    command->add_option("--tokens", generate_.tokens, "How many tokens to write")
        ->check(CLI::Range(std::int64_t{0}, most_tokens))
        ->capture_default_str();
    command->add_option("--temperature", generate_.temperature, "0 takes the likeliest token")
        ->check(CLI::Range(0.0, 1e6))
        ->capture_default_str();
    command->add_option("--seed", generate_.seed, "Another seed, another text")
        ->check(CLI::Range(std::int64_t{0}, most_seed))
        ->capture_default_str();
    command->callback(
        [this] { together_ = [this](comm::World& world) { app::generate(generate_, world); }; });
  }

  CLI::App cli_;
  app::DeckArguments deck_;
  app::ScheduleArguments schedule_;
  app::SimulateArguments simulate_;
  app::RunArguments run_;
  app::BenchArguments bench_;
  app::PrepareArguments prepare_;
  std::string tokenizer_ = "byte";
  app::GenerateArguments generate_;
  std::function<void()> alone_;
  std::function<void(comm::World&)> together_;
};

/// Commands that need no ranks start no MPI, so that they work on a login node. Should somebody start several processes
/// of them all the same, one does the work, and the others succeed at once: a launcher that saw one of them fail would
/// end the job before the message is out.
bool first_process() {
  for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"})
    if (const char* rank = std::getenv(variable)) return std::string_view(rank) == "0";
  return true;
}

int alone(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(ExitCode::failure);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine line;
  try {
    line.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return first_process() ? line.exit(error) : 0;
  }
  if (!line.needs_ranks()) return first_process() ? alone([&] { line.execute(); }) : 0;
  comm::World world(argc, argv);
  return static_cast<int>(world.run([&] { line.execute(world); }));
}
