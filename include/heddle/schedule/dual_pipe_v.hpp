// DualPipeV: DualPipe (DeepSeek-V3, arXiv 2412.19437) cut in half and folded, two stages a rank
// (github.com/deepseek-ai/DualPipe). What its authors compute at the same time, an F and a B of another
// microbatch, stands side by side in the row.
#pragma once

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// Compute-only. A rank holds 2p + 1 activations of a stage at its peak. Throws BadRequest for fewer
/// than 2p microbatches.
Schedule dual_pipe_v(int ranks, int microbatches);

}  // namespace heddle::schedule
