// Rows in three phases, the shape of 1F1B and of what grew from it: forwards to warm up, then a forward and a
// backward in turn, then the backwards that are left.
#pragma once

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// A stage and a microbatch, in the order in which a rank takes them.
struct Turn {
  Stage stage;
  int microbatch = 0;
};
using Turns = std::vector<Turn>;

/// Microbatches 0, 1, ... of one stage.
Turns turns_of(Stage stage, int microbatches);

/// `warm_up` forwards come before the first pair, or all if there are fewer; a backward is B. The two orders
/// are equally long.
Row in_phases(const Turns& forwards, const Turns& backwards, int warm_up);

/// The same with backwards split: each is I, and the W of the I `lag` places earlier follows it; what is left
/// of W ends the row.
Row in_split_phases(const Turns& forwards, const Turns& backwards, int warm_up, int lag);

}  // namespace heddle::schedule
