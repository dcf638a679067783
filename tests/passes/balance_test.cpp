// Cuts are the best of all, found by trying them, whatever a stage weighs.
#include "heddle/passes/balance.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <random>

#include "../support/skip_model.hpp"
#include "layouts.hpp"

namespace heddle::passes {
namespace {

double heaviest(int blocks, const std::vector<int>& cuts, const StageWeight& weight) {
  double most = 0;
  int begin = 0;
  const int last = static_cast<int>(cuts.size());
  for (const Stage stage : first<Stage>(last + 1)) {
    const int end = stage == last ? blocks : cuts[stage];
    most = std::max(most, weight(stage, begin, end));
    begin = end;
  }
  return most;
}

/// Over all ways to cut.
double least_heaviest(int blocks, int stages, const StageWeight& weight, std::vector<int> cuts = {}) {
  if (static_cast<int>(cuts.size()) == stages - 1) return heaviest(blocks, cuts, weight);
  double least = std::numeric_limits<double>::infinity();
  for (int cut = cuts.empty() ? 1 : cuts.back() + 1; cut < blocks; ++cut) {
    cuts.push_back(cut);
    least = std::min(least, least_heaviest(blocks, stages, weight, cuts));
    cuts.pop_back();
  }
  return least;
}

std::vector<int> any_cuts(int stages) {
  std::vector<int> cuts;
  for (int block = 1; block < stages; ++block) cuts.push_back(block);
  return cuts;
}

void expect_best(int blocks, int stages, const StageWeight& weight) {
  const std::vector<int> cuts = balanced_cuts(blocks, any_cuts(stages), weight);
  ASSERT_EQ(static_cast<int>(cuts.size()), stages - 1);
  for (const Stage stage : first<Stage>(stages - 1)) {
    EXPECT_GT(cuts[stage], stage == 0 ? 0 : cuts[stage - 1]);
    EXPECT_LT(cuts[stage], blocks);
  }
  EXPECT_EQ(heaviest(blocks, cuts, weight), least_heaviest(blocks, stages, weight))
      << blocks << " " << stages;
}

/// Activations count as often as 1F1B holds them, some weight is shared by all blocks of a stage.
TEST(Balance, WeightsThatHangOnTheStageAreCutBest) {
  std::mt19937 draw(1);
  std::uniform_int_distribution<int> number(0, 20);
  for (int blocks = 1; blocks <= 8; ++blocks)
    for (int stages = 1; stages <= blocks; ++stages)
      for (int round = 0; round < 20; ++round) {
        std::vector<double> state, activations;
        for (int block = 0; block < blocks; ++block) {
          state.push_back(number(draw));
          activations.push_back(number(draw));
        }
        const double shared = number(draw);
        expect_best(blocks, stages, [&](Stage stage, int begin, int end) {
          double sum = shared;
          for (int block = begin; block < end; ++block)
            sum += state[block] + (stages - stage) * activations[block];
          return sum;
        });
      }
}

TEST(Balance, SumsAreCutBest) {
  std::mt19937 draw(2);
  std::uniform_int_distribution<int> number(0, 9);
  for (int blocks = 1; blocks <= 8; ++blocks)
    for (int stages = 1; stages <= blocks; ++stages)
      for (int round = 0; round < 20; ++round) {
        std::vector<double> weights;
        for (int block = 0; block < blocks; ++block) weights.push_back(number(draw));
        const StageWeight sum = [&](int, int begin, int end) {
          return std::accumulate(weights.begin() + begin, weights.begin() + end, 0.0);
        };
        EXPECT_EQ(heaviest(blocks, balanced_cuts(weights, stages), sum), least_heaviest(blocks, stages, sum));
      }
}

TEST(Balance, AsksForEachWeightOnceAndForFew) {
  std::set<std::tuple<int, int, int>> asked;
  int calls = 0;
  balanced_cuts(100, any_cuts(8), [&](Stage stage, int begin, int end) {
    asked.insert({stage, begin, end});
    ++calls;
    return static_cast<double>(end - begin);
  });
  EXPECT_EQ(calls, static_cast<int>(asked.size()));
  EXPECT_LT(calls, 600);
}

TEST(Balance, BlocksUseTheirParametersAndTiedOnesTwice) {
  const deck::Model model = tests::small_model(6);
  for (const maps::Grid& grid : {maps::Grid(), maps::Grid({2, 1, 2})})
    for (ResidualStream stream : both_streams) {
      const Graph gpt = parallelize(tests::small_gpt(6), grid, stream);
      std::vector<std::set<ValueId>> blocks = block_parameters(gpt);
      ASSERT_EQ(blocks.size(), 8u);
      const ValueId table = tests::find(gpt, "embedding.token");
      for (int block = 0; block < 8; ++block)
        EXPECT_EQ(blocks[block].contains(table), block == 0 || block == 7) << block;
      for (int block = 1; block < 7; ++block) EXPECT_EQ(blocks[block].size(), 12u);

      const Graph skips = parallelize(tests::skip_model(model, DType::f32), grid, stream);
      blocks = block_parameters(skips);
      const ValueId mixer = tests::find(skips, "mixer");
      for (int block = 0; block < 8; ++block)
        EXPECT_EQ(blocks[block].contains(mixer), block == 2 || block == 5) << block;
    }
}

TEST(Balance, FlopsLeaveOutWhatIsMoved) {
  const Graph graph = tests::small_gpt(2);
  const std::vector<double> flops = block_efforts(graph, Effort::flops, one_sample),
                            work = block_efforts(graph, Effort::work, one_sample);
  ASSERT_EQ(flops.size(), 4u);
  for (std::size_t block = 0; block < 4; ++block) EXPECT_GT(work[block], flops[block]);
  EXPECT_EQ(flops[1], flops[2]);
}

/// What a model could see makes no sample longer: attention costs what the samples have.
TEST(Balance, AttentionCountsTheSampleAndNotTheContext) {
  deck::Model model = tests::small_model(2);
  const auto efforts = [&](std::int64_t context) {
    model.context = context;
    return block_efforts(model::build(model, model::Head::loss, DType::f32), Effort::flops,
                         graph::Extents::microbatch(3, 16));
  };
  EXPECT_EQ(efforts(1024), efforts(16));
}

}  // namespace
}  // namespace heddle::passes
