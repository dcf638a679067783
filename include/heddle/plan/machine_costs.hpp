// What a pipeline would cost on the machine that its options describe.
#pragma once

#include "heddle/plan/plan.hpp"
#include "heddle/schedule/costs.hpp"

namespace heddle::plan {

/// One rank of each pipeline rank stands for all that share it, so a larger grid takes no longer. Throws
/// KeyError where the machine does not say what is needed. The programs are those that run, with what is
/// recomputed in them.
schedule::Costs machine_costs(const Options& options, const Execution& training);

}  // namespace heddle::plan
