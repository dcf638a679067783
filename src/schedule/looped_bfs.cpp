// The rows of breadth-first pipelining.
#include "heddle/schedule/looped_bfs.hpp"

#include "heddle/base/error.hpp"
#include "heddle/schedule/placement.hpp"

namespace heddle::schedule {

Schedule looped_bfs(int ranks, int chunks, int microbatches) {
  HEDDLE_EXPECT(ranks >= 1 && chunks >= 1 && microbatches >= 1);
  Schedule schedule{ById<PipelineRank, Row>(ranks), looped(ranks, chunks), microbatches};
  for (const PipelineRank rank : first<PipelineRank>(ranks)) {
    Row& row = schedule.rows[rank];
    for (int chunk = 0; chunk < chunks; ++chunk)
      for (int microbatch = 0; microbatch < microbatches; ++microbatch)
        row.push_back({ActionKind::forward, Stage(chunk * ranks + rank), microbatch});
    for (int chunk = chunks - 1; chunk >= 0; --chunk)
      for (int microbatch = 0; microbatch < microbatches; ++microbatch)
        row.push_back({ActionKind::backward, Stage(chunk * ranks + rank), microbatch});
  }
  return schedule;
}

}  // namespace heddle::schedule
