// Where a model is cut into stages: as the options say, or balanced by what they say.
#pragma once

#include "draft.hpp"

namespace heddle::plan {

/// The first block of every stage but the first. The draft has its graph and its rows. Balanced by memory,
/// a stage's weight
/// is what the plan of a rank that holds it alone takes, activations as many as the schedule keeps there;
/// train.recompute = "auto" counts as none.
std::vector<int> cuts_of(Draft& draft);

/// The planned bytes of a rank that holds the blocks [begin, end) alone, as stage `stage` of the schedule.
std::int64_t stage_bytes(Draft& draft, Stage stage, int begin, int end);

}  // namespace heddle::plan
