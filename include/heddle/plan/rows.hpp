// The schedule that is asked for.
#pragma once

#include "heddle/plan/options.hpp"
#include "heddle/schedule/action.hpp"
#include "heddle/schedule/costs.hpp"

namespace heddle::plan {

/// Compute-only rows, but for those of a file with communication. Schedules that follow from costs take
/// `costs`. Throws KeyError where the schedule does not exist for the numbers of the options.
schedule::Schedule rows_of(const Options& options, const schedule::Costs& costs);

/// The same for a run, which must not cut microbatches into token slices, nor leave a rank without a stage.
schedule::Schedule runnable_rows_of(const Options& options, const schedule::Costs& costs);

}  // namespace heddle::plan
