// The rows of GPipe.
#include "heddle/schedule/gpipe.hpp"

#include "heddle/base/error.hpp"

namespace heddle::schedule {

Schedule gpipe(int stages, int microbatches) {
  HEDDLE_EXPECT(stages >= 1 && microbatches >= 1);
  Schedule schedule{ById<PipelineRank, Row>(stages), one_stage_a_rank(stages), microbatches};
  for (const Stage stage : first<Stage>(stages)) {
    Row& row = schedule.rows[schedule.rank_of_stage[stage]];
    for (int microbatch = 0; microbatch < microbatches; ++microbatch)
      row.push_back({ActionKind::forward, stage, microbatch});
    for (int microbatch = 0; microbatch < microbatches; ++microbatch)
      row.push_back({ActionKind::backward, stage, microbatch});
  }
  return schedule;
}

}  // namespace heddle::schedule
