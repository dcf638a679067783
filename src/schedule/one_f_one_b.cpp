// The rows of 1F1B.
#include "heddle/schedule/one_f_one_b.hpp"

#include "heddle/base/error.hpp"
#include "heddle/schedule/phases.hpp"

namespace heddle::schedule {

Schedule one_f_one_b(int stages, int microbatches) {
  HEDDLE_EXPECT(stages >= 1 && microbatches >= 1);
  Schedule schedule{{}, one_stage_a_rank(stages), microbatches};
  for (const Stage stage : first<Stage>(stages)) {
    const Turns turns = turns_of(stage, microbatches);
    schedule.rows.push_back(in_phases(turns, turns, stages - 1 - stage));
  }
  return schedule;
}

}  // namespace heddle::schedule
