// How many receives of a row must be posted ahead of their use.
#pragma once

#include "heddle/schedule/action.hpp"
#include "heddle/schedule/costs.hpp"

namespace heddle::schedule {

/// The fewest, `least` or more, with which no send waits for a place in its channel while actions take what
/// `costs` says: every message finds its receive posted. Schedules whose ranks run far ahead of each other
/// want many; with fewer they would be slower, and where messages go around in a circle, as breadth-first,
/// would wait for each other for ever. `least` for rows that cannot run at all.
int ample_lookahead(const Schedule& schedule, const Costs& costs, int least = 1);

/// F, I and W take one second each, B two, messages none.
Costs unit_costs(int stages);

}  // namespace heddle::schedule
