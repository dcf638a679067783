// The program: parses the command line, runs one command, and leaves with its exit code on every rank.
#include <fmt/format.h>

#include <cstdio>
#include <string_view>
#include <vector>

#include "heddle/app/command_line.hpp"
#include "heddle/app/launched.hpp"
#include "heddle/base/error.hpp"
#include "heddle/base/nearest.hpp"
#include "heddle/base/terminal.hpp"
#include "heddle/build_info.hpp"

namespace {

using namespace heddle;

/// A word where a command should be; empty where there is none.
std::string_view unknown_command(const CLI::App& line, int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  return line.get_subcommands().empty() && !first.starts_with('-') ? first : "";
}

int refuse_command(const CLI::App& line, std::string_view word) {
  std::vector<std::string_view> names;
  for (const CLI::App* command : line.get_subcommands({})) names.push_back(command->get_name());
  const std::string meant = nearest(word, names);
  print_error(fmt::format("command line: heddle has no command {}; {}", word,
                          meant.empty() ? "see heddle --help" : fmt::format("did you mean {}?", meant)));
  return static_cast<int>(ExitCode::usage);
}

int refuse(const CLI::App& line, const CLI::ParseError& error) {
  const auto chosen = line.get_subcommands();
  print_error(fmt::format("command line: {}; see heddle {}--help", error.what(),
                          chosen.empty() ? "" : chosen.front()->get_name() + " "));
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
      "Exit codes: 0 done, 1 failure, 2 deck or command line, 3 numbers (NaN), 4 hang, 5 stopped.\n"
      "Decks are described in docs/deck_reference.md.");
  app::Chosen chosen;
  app::add_rank_commands(line, chosen);
  app::add_pure_commands(line, chosen);
  app::add_help(line, chosen);
  try {
    line.parse(argc, argv);
    if (!chosen)
      throw CLI::RequiredError(
          "run, check, schedule, simulate, bench, timeline, prepare, generate, inspect or diff");
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;  // for help or the version
    if (asked) return app::alone([&] { line.exit(error); })(argc, argv);
    if (!app::first_process()) return 0;
    const std::string_view unknown = unknown_command(line, argc, argv);
    return unknown.empty() ? refuse(line, error) : refuse_command(line, unknown);
  }
  return chosen(argc, argv);
}
