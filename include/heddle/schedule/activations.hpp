// How many activations the ranks of a pipeline hold.
#pragma once

#include <optional>
#include <vector>

#include "heddle/schedule/problem.hpp"

namespace heddle::schedule {

/// The most that each rank holds, counting one stage's of one microbatch as 1: from F on, whole until B or I
/// is done, and `weight_memory` of it from then until W is done.
std::vector<double> peak_activations(const Schedule& schedule, double weight_memory = 1);

/// The most microbatches of all its stages that any rank holds.
double least_limit(const Schedule& schedule, double weight_memory = 1);

/// The first action after which a rank holds more than `limit` microbatches of all its stages.
std::optional<Problem> over_memory(const Schedule& schedule, double limit, double weight_memory = 1);

}  // namespace heddle::schedule
