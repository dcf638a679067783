// The rows of 1F1B.
#include "heddle/schedule/one_f_one_b.hpp"

#include <algorithm>

#include "heddle/base/error.hpp"

namespace heddle::schedule {

Schedule one_f_one_b(int stages, int microbatches) {
  HEDDLE_EXPECT(stages >= 1 && microbatches >= 1);
  Schedule schedule{std::vector<Row>(stages), one_stage_a_rank(stages), microbatches};
  for (int stage = 0; stage < stages; ++stage) {
    Row& row = schedule.rows[stage];
    const int ahead = std::min(microbatches, stages - 1 - stage);  // forwards before the first pair
    for (int microbatch = 0; microbatch < ahead; ++microbatch)
      row.push_back({ActionKind::forward, stage, microbatch});
    for (int microbatch = 0; microbatch < microbatches; ++microbatch) {
      if (ahead + microbatch < microbatches) row.push_back({ActionKind::forward, stage, ahead + microbatch});
      row.push_back({ActionKind::backward, stage, microbatch});
    }
  }
  return schedule;
}

}  // namespace heddle::schedule
