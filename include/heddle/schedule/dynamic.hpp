// An order that is decided while the step runs: a rank does what is ready of the next actions of its row.
//
// Arrivals decide, and back-pressure: a message that is late, or a channel that is full, lets the rank look
// ahead, to a forward, to a backward, or to a W that fills the gap.
#pragma once

#include "heddle/schedule/action.hpp"
#include "heddle/schedule/request.hpp"

namespace heddle::schedule {

/// Compute-only rows of ZB-H1, stage i on rank i, that may stray by `window` actions (of the row with
/// communication), or by fewer, so that no rank can come to hold more than `memory_limit` activations. Throws
/// BadRequest for a limit that even the order of the rows exceeds. Sums are those of 1F1B to the bit, since
/// what a stage does of one kind keeps its order.
Schedule dynamic(const Request& request);

}  // namespace heddle::schedule
