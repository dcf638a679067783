#include "heddle/schedule/placement.hpp"

#include <algorithm>

namespace heddle::schedule {

ById<Stage, PipelineRank> looped(int ranks, int chunks) {
  ById<Stage, PipelineRank> rank_of_stage;
  for (const Stage stage : first<Stage>(ranks * chunks)) rank_of_stage.push_back(PipelineRank(stage % ranks));
  return rank_of_stage;
}

ById<Stage, PipelineRank> folded(int ranks) {
  ById<Stage, PipelineRank> rank_of_stage;
  for (const Stage stage : first<Stage>(2 * ranks))
    rank_of_stage.push_back(PipelineRank(std::min<int>(stage, 2 * ranks - 1 - stage)));
  return rank_of_stage;
}

std::vector<int> rounds_of(int microbatches, int ranks) {
  const int rounds = std::max(1, microbatches / ranks);
  std::vector<int> sizes(rounds, microbatches / rounds);
  for (int round = 0; round < microbatches % rounds; ++round) ++sizes[round];
  return sizes;
}

}  // namespace heddle::schedule
