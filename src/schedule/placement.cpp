#include "heddle/schedule/placement.hpp"

#include <algorithm>

namespace heddle::schedule {

std::vector<int> looped(int ranks, int chunks) {
  std::vector<int> rank_of_stage;
  for (int stage = 0; stage < ranks * chunks; ++stage) rank_of_stage.push_back(stage % ranks);
  return rank_of_stage;
}

std::vector<int> folded(int ranks) {
  std::vector<int> rank_of_stage;
  for (int stage = 0; stage < 2 * ranks; ++stage)
    rank_of_stage.push_back(std::min(stage, 2 * ranks - 1 - stage));
  return rank_of_stage;
}

std::vector<int> rounds_of(int microbatches, int ranks) {
  const int rounds = std::max(1, microbatches / ranks);
  std::vector<int> sizes(rounds, microbatches / rounds);
  for (int round = 0; round < microbatches % rounds; ++round) ++sizes[round];
  return sizes;
}

}  // namespace heddle::schedule
