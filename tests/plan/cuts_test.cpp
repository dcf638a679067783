// Cuts as a deck asks for them: by memory no way to cut needs less on its heaviest rank.
#include "../../src/plan/cuts.hpp"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <limits>

#include "../support/checked_deck.hpp"
#include "../support/expect_error.hpp"
#include "../support/skip_model.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::plan {
namespace {

deck::Deck deck_of(const std::vector<std::string>& overrides) {
  constexpr const char* text = R"(
[model]
layers = 6
heads = 4
width = 32
context = 64
vocabulary = 300
[train]
steps = 1
batch = 16
[pipeline]
microbatches = 8
)";
  return tests::checked_deck(text, overrides);
}

std::int64_t heaviest(const Plan& plan) {
  std::int64_t most = 0;
  for (const PipelineRank rank : plan.training.programs.ids())
    most = std::max(most, plan.memory(first_rank(plan.grid(), rank)).training.bytes);
  return most;
}

/// The least over all ways to cut the layers, with the embedding and the head on the first and last stage.
std::int64_t least_heaviest(const std::vector<std::string>& overrides, const ModelWriter& write, int stages,
                            const std::vector<int>& cuts = {}) {
  if (static_cast<int>(cuts.size()) == stages - 1) {
    std::vector<std::string> given = overrides;
    given.push_back(fmt::format("pipeline.cuts=[{}]", fmt::join(cuts, ",")));
    const deck::Deck deck = deck_of(given);
    return heaviest(make(deck, write));
  }
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (int cut = cuts.empty() ? 1 : cuts.back() + 1; cut < 6; ++cut) {
    std::vector<int> longer = cuts;
    longer.push_back(cut);
    least = std::min(least, least_heaviest(overrides, write, stages, longer));
  }
  return least;
}

TEST(Cuts, ByMemoryNoWayToCutNeedsLess) {
  for (const ModelWriter& write : {ModelWriter(family), ModelWriter(tests::skip_model)})
    for (int stages : {2, 3})
      for (const char* schedule : {"1f1b", "gpipe"})
        for (const char* recompute : {"none", "full"}) {
          std::vector<std::string> overrides = {"grid.pipeline=" + std::to_string(stages),
                                                std::string("pipeline.schedule=") + schedule,
                                                std::string("train.recompute=") + recompute};
          const std::int64_t least = least_heaviest(overrides, write, stages);
          overrides.emplace_back("pipeline.balance=memory");
          const deck::Deck deck = deck_of(overrides);
          EXPECT_LE(heaviest(make(deck, write)), least) << stages << " " << schedule << " " << recompute;
        }
}

void expect_weights_of_plans(const Options& options, const ModelWriter& write) {
  const Plan plan = make(options, write);
  Draft draft = draft_of(options, write);
  for (const Stage stage : first<Stage>(3))
    EXPECT_EQ(
        stage_bytes(draft, stage, stage == 0 ? 0 : plan.cuts[stage - 1], stage == 2 ? 8 : plan.cuts[stage]),
        plan.memory(first_rank(plan.grid(), PipelineRank(int{stage}))).training.bytes);
}

TEST(Cuts, TheWeightOfAStageIsItsRanksPlan) {
  for (const ModelWriter& write : {ModelWriter(family), ModelWriter(tests::skip_model)})
    for (const bool fuses : {false, true}) {
      Options options = options_of(deck_of({"grid.pipeline=3", "pipeline.balance=memory"}));
      options.fuses = fuses;
      expect_weights_of_plans(options, write);
    }
}

TEST(Cuts, ByTimeTheSlowestStageIsAsFastAsCanBe) {
  const std::vector<std::string> times = {"grid.pipeline=3", "pipeline.balance=time",
                                          "cost.blocks=[1,1,1,1,1,1,1,6]"};
  EXPECT_EQ(make(deck_of(times)).cuts, (std::vector<int>{3, 7}));
}

TEST(Cuts, TimesMustBeThere) {
  tests::expect_error(ExitCode::usage, {"pipeline.balance", "cost.blocks has 0 numbers", "8 blocks", "bench"},
                      [] {
                        make(deck_of({"grid.pipeline=2", "pipeline.balance=time"}));
                      });
}

TEST(Cuts, AreThoseOfTheSampleAndNotOfTheContext) {
  const auto cuts = [](const char* context, const char* balance) {
    return make(deck_of({context, balance, "train.sequence=16", "grid.pipeline=3", "model.vocabulary=1500"}))
        .cuts;
  };
  for (const char* balance : {"pipeline.balance=flops", "pipeline.balance=work"})
    EXPECT_EQ(cuts("model.context=4096", balance), cuts("model.context=16", balance)) << balance;
}

TEST(Cuts, ByParametersATiedTableWeighsOnBothEnds) {
  const std::vector<std::string> large = {"grid.pipeline=4", "model.vocabulary=20000"};
  for (const char* balance : {"parameters", "memory", "flops", "work"}) {
    std::vector<std::string> overrides = large;
    overrides.push_back(std::string("pipeline.balance=") + balance);
    const std::vector<int> cuts = make(deck_of(overrides)).cuts;
    ASSERT_EQ(cuts.size(), 3u);
    if (std::string(balance) == "parameters") {
      EXPECT_EQ(cuts.back(), 7) << "the head alone";
    }
  }
}

}  // namespace
}  // namespace heddle::plan
