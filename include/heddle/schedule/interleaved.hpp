// Interleaved 1F1B (Narayanan et al., arXiv 2104.04473), and the same with W apart from I, so that W fills
// bubbles (Qi et al., arXiv 2401.10241; the ZB1P of torch.distributed.pipelining).
//
// A round of microbatches goes through a rank's first stage, then the same round through its next; then
// the next round. Where the microbatches are no multiple of the ranks, the rounds are longer than the
// ranks are many (`rounds_of`), as in torch.distributed.pipelining, which wants equal rounds; here they
// may differ by one.
#pragma once

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// Compute-only, stages looped over the ranks. With m a multiple of p, rank r holds v p + p - 1 - 2 r
/// activations at its peak, or all v m.
Schedule interleaved(int ranks, int chunks, int microbatches);

/// Half as many forwards warm up; rank r does W r backwards after its I. One chunk is ZB-H1.
Schedule interleaved_zb(int ranks, int chunks, int microbatches);

}  // namespace heddle::schedule
