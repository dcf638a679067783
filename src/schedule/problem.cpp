#include "heddle/schedule/problem.hpp"

#include <fmt/format.h>

#include "heddle/base/error.hpp"

namespace heddle::schedule {

std::string never_starts(PipelineRank rank, std::size_t index, const Action& action) {
  return fmt::format("rank {}, action {} {} can never start", rank, index, name(action));
}

void throw_if_any(const std::optional<Problem>& problem) {
  if (problem) throw Error(ExitCode::usage, problem->what, problem->why, rows_that_run);
}

}  // namespace heddle::schedule
