// The rows of GPipe.
#include "heddle/schedule/gpipe.hpp"

#include "heddle/base/error.hpp"

namespace heddle::schedule {

Schedule gpipe(int stages, int microbatches) {
  HEDDLE_EXPECT(stages >= 1 && microbatches >= 1);
  Schedule schedule{std::vector<Row>(stages), one_stage_a_rank(stages), microbatches};
  for (int stage = 0; stage < stages; ++stage) {
    Row& row = schedule.rows[stage];
    for (int microbatch = 0; microbatch < microbatches; ++microbatch)
      row.push_back({ActionKind::forward, stage, microbatch});
    for (int microbatch = 0; microbatch < microbatches; ++microbatch)
      row.push_back({ActionKind::backward, stage, microbatch});
  }
  return schedule;
}

}  // namespace heddle::schedule
