// 1F1B (PipeDream-flush; Narayanan et al., arXiv 2104.04473): after a warm-up, one backward
// follows each forward.
#pragma once

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// Compute-only, stage i on rank i; fewer microbatches than stages work. Stage i holds at most
/// min(microbatches, stages - i) activations.
Schedule one_f_one_b(int stages, int microbatches);

}  // namespace heddle::schedule
