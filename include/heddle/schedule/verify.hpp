// Refuses a schedule that cannot run, before launch, and says which action would never start.
#pragma once

#include <optional>

#include "heddle/schedule/interpreter.hpp"
#include "heddle/schedule/null_machine.hpp"
#include "heddle/schedule/problem.hpp"

namespace heddle::schedule {

/// The first thing wrong with a lowered schedule, looked for in this order:
///  - each action lies within the stages, microbatches and slices, on the rank of its stage, and stands only once;
///  - a dry run on null machines, in the same loop as a real run, comes to its end: no action waits for one that
///    nobody does, that stands later in its own row, or that waits for it in turn;
///  - complete: each stage does F, and B or both I and W, for each microbatch (and slice); if any stage
///    steps, all do.
///
/// Then every message is matched too: a receive ran, so it was sent; a computation ran, so it received.
/// Collectives over the other axes of the grid need no check: ranks that share a pipeline coordinate carry
/// out one and the same row, so they meet in the same order. What several pipeline ranks call together is in their programs:
/// call_order.hpp proves that it comes to its end.
std::optional<Problem> first_problem(const Schedule& schedule, int lookahead = default_lookahead,
                                     int channel_capacity = default_channel_capacity);

/// The same for the rows that a person or a program wrote, which may have no communication yet, and no end
/// of the step.
std::optional<Problem> first_problem_of_rows(const Schedule& rows);

/// Throws Error (usage) with the first problem, if there is one:
/// `rank 1, action 7 1F3 can never start (it waits for 1RECV_F3, which no row has)`.
void verify(const Schedule& schedule, int lookahead = default_lookahead,
            int channel_capacity = default_channel_capacity);

}  // namespace heddle::schedule
