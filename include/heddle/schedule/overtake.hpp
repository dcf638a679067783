// Which actions of a row may run in another order than they stand in.
#pragma once

#include "heddle/schedule/dependencies.hpp"

namespace heddle::schedule {

/// May `later` run before `earlier`, which stands before it in the row of one rank? Not if it needs it, nor
/// if both are of one kind and stage, or both add to gradients of one stage: so messages of a channel keep
/// their order, and sums too. The end of the step waits for all. Actions that may overtake keep a row free of
/// deadlock: whatever has run already, the first action that has not is waited for by nobody who runs ahead.
bool may_overtake(const Action& later, const Action& earlier, const Dependencies& dependencies);

}  // namespace heddle::schedule
