// GPipe (Huang et al., arXiv 1811.06965): every microbatch forward, then every microbatch backward.
#pragma once

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// Compute-only, stage i on rank i. Backward takes the microbatches in the order of forward, as 1F1B does, so
/// that gradients are summed in the same order. A stage holds all `microbatches` activations at its peak.
Schedule gpipe(int stages, int microbatches);

}  // namespace heddle::schedule
