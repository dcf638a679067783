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

/// The command line as CLI11 sees it. A chosen command leaves what it is to do in `chosen`; the world is given only to
/// those that need it.
class CommandLine {
 public:
  CommandLine() : cli_("Heddle trains transformers in tensor x pipeline x data parallel.", "heddle") {
    cli_.set_version_flag("--version",
                          fmt::format("heddle {} ({}, {}, {})", build_info::version, build_info::git_state,
                                      build_info::compiler, build_info::build_type));
    cli_.require_subcommand(1);
    cli_.footer(
        "Exit codes: 0 done, 1 failure, 2 deck or command line, 3 numbers (NaN), 4 hang.\n"
        "Decks are described in docs/deck_reference.md.");
    add_deck_commands();
    add_prepare();
    add_generate();
  }

  void parse(int argc, char** argv) { cli_.parse(argc, argv); }
  int exit(const CLI::ParseError& error) {
    return cli_.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  void execute(comm::World* world) const { chosen_(world); }

 private:
  void add_deck_commands() {
    auto* run = cli_.add_subcommand("run", "Train what a deck describes; start it with srun or mpirun");
    add_deck(run);
    run->callback([this] { chosen_ = [this](comm::World* world) { app::run(deck_, *world); }; });
    auto* check =
        cli_.add_subcommand("check", "Read a deck, print it resolved, with parameters, memory and FLOPs");
    add_deck(check);
    check->callback([this] { chosen_ = [this](comm::World*) { app::check(deck_); }; });
  }

  void add_deck(CLI::App* command) {
    command->add_option("DECK", deck_.file, "Input deck, TOML")->required();
    command->add_option("overrides", deck_.overrides, "section.key=value, stronger than the deck");
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
      chosen_ = [this](comm::World*) { app::prepare(prepare_); };
    });
  }

  void add_generate() {
    auto* command = cli_.add_subcommand("generate", "Write text with a run's last checkpoint");
    command->add_option("RUN", generate_.run, "The run's directory, or its run.h5")->required();
    command->add_option("--prompt", generate_.prompt, "Text to go on from (a line break)");
    command->add_option("--tokens", generate_.tokens, "How many tokens to write")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command->add_option("--temperature", generate_.temperature, "0 takes the likeliest token")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command->add_option("--seed", generate_.seed, "Another seed, another text")->capture_default_str();
    command->callback([this] { chosen_ = [this](comm::World* world) { app::generate(generate_, *world); }; });
  }

  CLI::App cli_;
  app::DeckArguments deck_;
  app::PrepareArguments prepare_;
  std::string tokenizer_ = "byte";
  app::GenerateArguments generate_;
  std::function<void(comm::World*)> chosen_;
};

/// Commands that need no ranks start no MPI, so that they work on a login node; should somebody start several processes
/// of them all the same, one speaks.
bool speaks() {
  for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"})
    if (const char* rank = std::getenv(variable)) return std::string_view(rank) == "0";
  return true;
}

int alone(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    if (speaks()) fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    if (speaks()) fmt::print(stderr, "{}\n", error.what());
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
    if (!speaks() && !std::freopen("/dev/null", "w", stdout)) return 1;
    if (!speaks() && !std::freopen("/dev/null", "w", stderr)) return 1;
    return line.exit(error);
  }
  const std::string_view command = argv[1];
  if (command != "run" && command != "generate") return alone([&] { line.execute(nullptr); });
  comm::World world(argc, argv);
  return static_cast<int>(world.run([&] { line.execute(&world); }));
}
