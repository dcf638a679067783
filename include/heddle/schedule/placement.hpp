// On which pipeline rank a stage lies.
#pragma once

#include <vector>

#include "heddle/base/ids.hpp"

namespace heddle::schedule {

/// Stage s on rank s modulo `ranks`: the pipeline goes around `chunks` times.
ById<Stage, PipelineRank> looped(int ranks, int chunks);
/// Two stages a rank: from the first rank to the last, and back.
ById<Stage, PipelineRank> folded(int ranks);

/// Of all microbatches, cut into rounds of at least `ranks` that differ by at most one, the larger first; one
/// round where there are fewer microbatches than ranks.
std::vector<int> rounds_of(int microbatches, int ranks);

}  // namespace heddle::schedule
