// Breadth-first pipelining (Lamy-Poirier, arXiv 2211.05953): all microbatches through one stage of a rank,
// then through its next.
#pragma once

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// Compute-only, stages looped over the ranks. Backward takes the microbatches in the order of forward, where
/// torch.distributed.pipelining reverses them, so that gradients are summed in the same order as by 1F1B.
Schedule looped_bfs(int ranks, int chunks, int microbatches);

}  // namespace heddle::schedule
