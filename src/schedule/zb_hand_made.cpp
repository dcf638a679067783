// The rows of ZB-H1 and ZB-H2.
#include "heddle/schedule/zb_hand_made.hpp"

#include "heddle/base/error.hpp"
#include "heddle/schedule/phases.hpp"

namespace heddle::schedule {
namespace {

/// A stage warms up with `depth` forwards for each stage behind it, and does W that many backwards late for
/// each stage before it.
Schedule hand_made(int stages, int microbatches, int depth) {
  HEDDLE_EXPECT(stages >= 1 && microbatches >= 1);
  Schedule schedule{{}, one_stage_a_rank(stages), microbatches};
  for (const Stage stage : first<Stage>(stages)) {
    const Turns turns = turns_of(stage, microbatches);
    schedule.rows.push_back(in_split_phases(turns, turns, depth * (stages - 1 - stage), depth * stage));
  }
  return schedule;
}

}  // namespace

Schedule zb_h1(int stages, int microbatches) { return hand_made(stages, microbatches, 1); }
Schedule zb_h2(int stages, int microbatches) { return hand_made(stages, microbatches, 2); }

}  // namespace heddle::schedule
