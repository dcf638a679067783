// Lowers a compute-only schedule: sends, receives, and the end of the step become actions too.
#pragma once

#include <cstdint>

#include "heddle/schedule/lock_step.hpp"

namespace heddle::schedule {

/// Where a receive stands in its row.
enum class Receives : std::uint8_t {
  before_use,  ///< right before the computation that takes it: nothing waits that need not, as the loop posts
               ///< it earlier
  as_sent,     ///< where the row stood when the other rank sent, by the clocks of the cells: what
               ///< torch.distributed.pipelining writes where it has the same clocks
};

/// Inserts a send right after the computation that makes a value for another rank, and its receive. Walks the
/// clocks of `cells`, ranks in order, so that sends and receives have one global order and cannot wait for
/// each other in a circle. Throws Error (usage) when a computation can never start.
Schedule add_communication(const Cells& cells, const ById<Stage, PipelineRank>& rank_of_stage,
                           Receives receives);

/// The same for the lock-step clocks of `compute`.
Schedule add_communication(const Schedule& compute, Receives receives = Receives::before_use);

/// Appends REDUCE_GRAD for each stage of a rank, then STEP for each, in the order of the stages, where
/// they are missing.
Schedule finish_step(Schedule schedule);

/// Has it any sends or receives?
bool communicates(const Schedule& schedule);

/// Adds what rows lack to be run: communication if they have none, and the end of the step.
Schedule lower(const Schedule& schedule);

}  // namespace heddle::schedule
