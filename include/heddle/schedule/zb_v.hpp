// ZB-V (Qi et al., arXiv 2401.10241, section 6): two stages a rank, folded into a V, so that the last stage
// lies beside the first and backward begins where forward did.
#pragma once

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// Compute-only. No rank waits between its first and last action where F = I = W and there are 2p - 1
/// microbatches or more; every rank holds p microbatches' activations at its peak, as the first of 1F1B does.
/// With fewer microbatches it is the schedule of 2p - 1 without those that are not there.
Schedule zb_v(int ranks, int microbatches);

}  // namespace heddle::schedule
