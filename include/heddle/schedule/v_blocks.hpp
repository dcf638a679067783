// V-Half and V-Min (Qi et al., Pipeline Parallelism with Controllable Memory, arXiv 2405.15362): two stages a
// rank, folded into a V, and a building block - when a microbatch passes each of them - that is short, since
// activations live as long as it. The block is repeated every six clocks, W fills the clocks that are left,
// and then every action moves to the earliest clock at which it can be done without holding more.
#pragma once

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// Compute-only. About half of the activations that 1F1B's first rank holds.
Schedule v_half(int ranks, int microbatches);

/// About a third of them, the fewest that repeating a block takes, with a longer bubble.
Schedule v_min(int ranks, int microbatches);

}  // namespace heddle::schedule
