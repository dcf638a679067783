// The program: parses the command line, runs one command, and leaves with its exit code on every rank.
#include <fmt/format.h>

#include <cstdio>

#include "heddle/app/command_line.hpp"
#include "heddle/base/error.hpp"
#include "heddle/build_info.hpp"

namespace {

using namespace heddle;

int refuse(const CLI::App& line, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return line.exit(error);  // help and version
  const auto chosen = line.get_subcommands();
  fmt::print(stderr, "command line: {}; see heddle {}--help\n", error.what(),
             chosen.empty() ? "" : chosen.front()->get_name() + " ");
  return static_cast<int>(ExitCode::usage);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App line("Heddle trains transformers in tensor x pipeline x data parallel.", "heddle");
  line.set_version_flag("--version",
                        fmt::format("heddle {} ({}, {}, {})", build_info::version, build_info::git_state,
                                    build_info::compiler, build_info::build_type));
  line.require_subcommand(0, 1);  // so that an unknown one is named
  line.footer(
      "Exit codes: 0 done, 1 failure, 2 deck or command line, 3 numbers (NaN), 4 hang.\n"
      "Decks are described in docs/deck_reference.md.");
  app::Chosen chosen;
  app::add_rank_commands(line, chosen);
  app::add_pure_commands(line, chosen);
  try {
    line.parse(argc, argv);
    if (!chosen)
      throw CLI::RequiredError("run, check, schedule, simulate, bench, timeline, prepare or generate");
  } catch (const CLI::ParseError& error) {
    return app::first_process() ? refuse(line, error) : 0;
  }
  return chosen(argc, argv);
}
