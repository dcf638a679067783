#include "heddle/app/launched.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "heddle/base/environment.hpp"
#include "heddle/base/error.hpp"

namespace heddle::app {
namespace {

std::optional<int> number(const char* variable) {
  const std::string text = environment(variable);
  int found = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), found);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(found) : std::nullopt;
}

struct Names {
  const char *rank, *size;
};
/// A launcher may itself be a step of Slurm's.
constexpr Names from_the_innermost[] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                        {"PMI_RANK", "PMI_SIZE"},
                                        {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}};

}  // namespace

Launched launched() {
  for (const Names& names : from_the_innermost) {
    const auto rank = number(names.rank), size = number(names.size);
    if (rank && size) return {*rank, *size};
  }
  return {};
}

void demand_one_world(int ranks) {
  const int started = launched().size;
  if (ranks > 1 || started == 1) return;
  throw Error(
      ExitCode::usage, fmt::format("{} processes were started, and MPI sees one", started),
      "each would do all the work by itself: the launcher and this program's MPI do not know each other",
      "under Slurm try srun --mpi=pmix, else the mpirun of the MPI that this program was built with");
}

}  // namespace heddle::app
