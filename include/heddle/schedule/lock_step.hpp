// A compute-only schedule against a common clock: in every clock a rank does one action or idles. This is the
// simple form in which torch.distributed.pipelining writes schedules down.
#pragma once

#include <optional>

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// What a rank does in one clock; nothing when it idles.
using Cell = std::optional<Action>;
/// cells[rank][clock].
using Cells = ById<PipelineRank, std::vector<Cell>>;

/// The earliest clock for every action, in row order, an action's inputs being made in clocks before its own.
/// Rows are of equal length. Throws Error (usage) when an action can never start.
Cells lock_step(const Schedule& compute);

/// The same for rows with communication, as torch.distributed.pipelining counts its steps: every action takes
/// one clock, and a message may be taken in the clock in which it is sent. Rows end with their last action.
Cells lock_step_with_communication(const Schedule& lowered);

/// One cell an action, no clocks.
Cells cells_of(const Schedule& schedule);

/// The rows of the cells: idle cells left out; a stage is where it is first computed (-1 when nowhere).
Schedule schedule_of(const Cells& cells);

}  // namespace heddle::schedule
