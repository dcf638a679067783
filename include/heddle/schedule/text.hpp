// Rows as text, in the cells of torch.distributed.pipelining, so that files can be exchanged with it: one
// line a rank, cells split by commas, an empty cell idles. Files that a spreadsheet has written are read too: semicolons, quotes, a
// byte-order mark, empty lines at the end, which are no ranks.
//
//   cell    = stage word [microbatch ["." slice]] ; "0F0", "1RECV_B3", "2F0.3", "0REDUCE_GRAD"
//   cell    also, when it is read, "(2F5;5B3)OVERLAP_F_B": both, one after the other; and WAIT_SEND_F, WAIT_SEND_B
//             and WAIT_REDUCE_GRAD, which are passed over, since the loop waits by itself
//   word    = F | B | I | W | SEND_F | RECV_F | SEND_B | RECV_B | REDUCE_GRAD | STEP
#pragma once

#include <string>
#include <string_view>

#include "heddle/schedule/lock_step.hpp"

namespace heddle::schedule {

/// Throws Error (usage) that names `source`, row and column (both from 1) of the first cell that is none.
Cells read_cells(std::string_view text, std::string_view source = "schedule");
/// As `schedule_of(read_cells(...))`.
Schedule read_schedule(std::string_view text, std::string_view source = "schedule");

/// One line a rank, each with a newline at its end.
std::string write(const Cells& cells);
std::string write(const Schedule& schedule);

}  // namespace heddle::schedule
