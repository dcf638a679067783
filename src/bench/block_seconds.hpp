// What each block of a model takes on a rank: by these seconds pipeline.balance = "time" cuts.
#pragma once

#include <vector>

#include "heddle/passes/differentiate.hpp"
#include "stopwatch.hpp"

namespace heddle::bench {

/// Seconds that the nodes of each block take for one microbatch, forward and backward: medians over the
/// watched steps. Neither what is done once a step nor waits for other ranks count; 0 for blocks that the
/// program does not hold.
std::vector<double> block_seconds(const passes::Program& program, const Stopwatch& watch, int microbatches);

}  // namespace heddle::bench
