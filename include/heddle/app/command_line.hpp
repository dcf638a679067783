// The command line: which commands there are, and what the chosen one does.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "heddle/app/commands.hpp"

namespace heddle::app {

/// What the chosen command does; returns the exit code. MPI wants the arguments of main.
using Chosen = std::function<int(int argc, char** argv)>;

/// The deck and its overrides, as every command that reads a deck takes them. Returns the option of its file.
CLI::Option* add_deck(CLI::App& command, DeckArguments& deck);

/// --overwrite, as every command has it that writes a file of a name that somebody gives it.
void add_overwrite(CLI::App& command, bool& overwrite);

/// check, schedule, simulate. `chosen` is set by a command when it is parsed.
void add_pure_commands(CLI::App& line, Chosen& chosen);
/// help, version.
void add_help(CLI::App& line, Chosen& chosen);
/// run, bench, timeline, prepare, generate: src/app/ranks; in a build without MPI, Kokkos and HDF5 they
/// say so: src/app/pure.
void add_rank_commands(CLI::App& line, Chosen& chosen);

/// What a command without ranks does. It starts no MPI, so that it works on a login node. Should somebody
/// start several processes of it all the same, one does the work, and the others succeed at once: a launcher
/// that saw one of them fail would end the job before the message is out.
Chosen alone(std::function<void()> body);

}  // namespace heddle::app
