// In a build without MPI, Kokkos and HDF5 the commands that need them say so.
#include <fmt/format.h>

#include "heddle/app/command_line.hpp"
#include "heddle/app/simulated_run.hpp"
#include "heddle/base/error.hpp"

namespace heddle::app {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ExitCode::usage, fmt::format("command line: {} is not in this build", what),
              "it was made without MPI, Kokkos and HDF5", "build the preset release");
}

}  // namespace

void add_rank_commands(CLI::App& line, Chosen& chosen) {
  for (const char* name : {"run", "bench", "timeline", "prepare", "generate", "inspect", "diff"}) {
    auto* command = line.add_subcommand(name, "Not in this build, which has neither MPI, Kokkos nor HDF5");
    command->allow_extras();
    command->callback([&chosen, name] { chosen = alone([name] { refuse(name); }); });
  }
}

void write_run(const std::string&, const plan::Simulation&, const DeckTexts&, std::int64_t) {
  refuse("simulate -o");
}

}  // namespace heddle::app
