// The zero-bubble heuristic (Qi et al., arXiv 2401.10241, section 3.2): a schedule for the times at hand,
// under a memory limit.
//
// A stage warms up with as many forwards as fit before its first I can come, each stage with fewer than the
// one before it. Then the stages take turns, one F and one I each; W fills what they would wait, and makes
// room where memory is short. Three questions have no best answer for all times: whether a forward more may
// delay the first I, whether an F may be put off for an I, and whether W may fill a gap smaller than itself
// on a stage that has waited less than others. All eight answers are tried; the schedule with the shortest
// longest span of a stage wins.
#pragma once

#include "heddle/schedule/action.hpp"
#include "heddle/schedule/request.hpp"

namespace heddle::schedule {

/// Compute-only, stage i on rank i. `memory_limit` p is the paper's ZB-1p, 2 p its ZB-2p. Throws BadRequest
/// for a limit that does not hold one microbatch.
Schedule zb_auto(const Request& request);

}  // namespace heddle::schedule
