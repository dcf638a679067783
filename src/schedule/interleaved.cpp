// The rows of the interleaved schedules.
#include "heddle/schedule/interleaved.hpp"

#include "heddle/base/error.hpp"
#include "heddle/schedule/phases.hpp"
#include "heddle/schedule/placement.hpp"

namespace heddle::schedule {
namespace {

enum class Direction : bool { forward, backward };

/// In which order a rank takes its stages and microbatches.
Turns turns(PipelineRank rank, int ranks, int chunks, const std::vector<int>& rounds, Direction direction) {
  Turns order;
  int first = 0;
  for (const int round : rounds) {
    for (int i = 0; i < chunks; ++i) {
      const int chunk = direction == Direction::forward ? i : chunks - 1 - i;
      for (int microbatch = first; microbatch < first + round; ++microbatch)
        order.push_back({Stage(chunk * ranks + rank), microbatch});
    }
    first += round;
  }
  return order;
}

/// `row(rank, forwards, backwards, warm_up)`, where `warm_up` is what the last rank does ahead.
template <class F>
Schedule in_rounds(int ranks, int chunks, int microbatches, F&& row) {
  HEDDLE_EXPECT(ranks >= 1 && chunks >= 1 && microbatches >= 1);
  const std::vector<int> rounds = rounds_of(microbatches, ranks);
  Schedule schedule{{}, looped(ranks, chunks), microbatches};
  for (const PipelineRank rank : first<PipelineRank>(ranks))
    schedule.rows.push_back(row(rank, turns(rank, ranks, chunks, rounds, Direction::forward),
                                turns(rank, ranks, chunks, rounds, Direction::backward),
                                (chunks - 1) * rounds.front()));
  return schedule;
}

}  // namespace

Schedule interleaved(int ranks, int chunks, int microbatches) {
  return in_rounds(ranks, chunks, microbatches,
                   [&](PipelineRank rank, const Turns& forwards, const Turns& backwards, int warm_up) {
                     return in_phases(forwards, backwards, warm_up + 2 * (ranks - 1 - rank));
                   });
}

Schedule interleaved_zb(int ranks, int chunks, int microbatches) {
  return in_rounds(ranks, chunks, microbatches,
                   [&](PipelineRank rank, const Turns& forwards, const Turns& backwards, int warm_up) {
                     return in_split_phases(forwards, backwards, warm_up + ranks - 1 - rank, rank);
                   });
}

}  // namespace heddle::schedule
