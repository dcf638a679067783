// Where a deck cuts its model into stages: as it says, or balanced by what it says.
#pragma once

#include "heddle/plan/plan.hpp"

namespace heddle::plan {

/// The first block of every stage but the first. Of the plan everything that comes before its cuts must be there.
/// Balanced by memory, a stage's weight is what the plan of a rank that holds it alone takes, activations as many as the
/// schedule keeps there; train.recompute = "auto" counts as none.
std::vector<int> cuts_of(const Plan& plan, const deck::Deck& deck, const graph::Graph& graph);

/// The planned bytes of a rank that holds the blocks [begin, end) alone, as stage `stage` of the schedule.
std::int64_t stage_bytes(const Plan& plan, const deck::Deck& deck, const graph::Graph& graph, int stage,
                         int begin, int end);

}  // namespace heddle::plan
