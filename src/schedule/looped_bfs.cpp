// The rows of breadth-first pipelining.
#include "heddle/schedule/looped_bfs.hpp"

#include "heddle/base/error.hpp"
#include "heddle/schedule/placement.hpp"

namespace heddle::schedule {

Schedule looped_bfs(int ranks, int chunks, int microbatches) {
  HEDDLE_EXPECT(ranks >= 1 && chunks >= 1 && microbatches >= 1);
  Schedule schedule{std::vector<Row>(ranks), looped(ranks, chunks), microbatches};
  for (int rank = 0; rank < ranks; ++rank) {
    Row& row = schedule.rows[rank];
    for (int stage = rank; stage < schedule.stages(); stage += ranks)
      for (int microbatch = 0; microbatch < microbatches; ++microbatch)
        row.push_back({ActionKind::forward, stage, microbatch});
    for (int stage = schedule.stages() - ranks + rank; stage >= 0; stage -= ranks)
      for (int microbatch = 0; microbatch < microbatches; ++microbatch)
        row.push_back({ActionKind::backward, stage, microbatch});
  }
  return schedule;
}

}  // namespace heddle::schedule
