// The extents of a schedule, and how large a table of it may be.
#include "heddle/schedule/action_table.hpp"

#include <fmt/format.h>

#include "heddle/base/error.hpp"

namespace heddle::schedule {

Extents extents_of(const Schedule& schedule) {
  Extents extents{schedule.stages(), schedule.microbatches, schedule.slices};
  for (const Row& row : schedule.rows)
    for (const Action& action : row) extents.include(action);
  return extents;
}

std::size_t table_size(const Extents& extents) {
  constexpr double most = 1 << 28;
  const double count =
      1.0 * action_kind_count * extents.stages * (extents.microbatches + 1.0) * extents.slices;
  if (count > most)
    throw Error(ExitCode::usage,
                fmt::format("a schedule of {} stages, {} microbatches and {} slices is too large",
                            extents.stages, extents.microbatches, extents.slices),
                "every rank holds tables of it", "look for a number that was not meant");
  return static_cast<std::size_t>(count);
}

}  // namespace heddle::schedule
