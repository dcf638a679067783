// A schedule from a file says itself how many stages there are, and which rank holds them.
#include <gtest/gtest.h>
#include "../support/ids.hpp"
#include "../support/temporary_folder.hpp"
#include "../support/working_folder.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/plan/costs.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::plan {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* small = R"([model]
layers = 4
heads = 2
width = 16
context = 8
vocabulary = 32
[train]
steps = 1
batch = 2
[pipeline]
schedule = "file:rows.csv"
)";
constexpr const char* one_and_two = "0F0,0F1,0B0,0B1\n1F0,2F0,1F1,2F1,2B0,1B0,2B1,1B1\n";
constexpr const char* one_and_three = "0F0,0B0\n1F0,2F0,3F0,3B0,2B0,1B0\n";
constexpr const char* idle = "0F0,0B0\n,\n";

class FileSchedule : public testing::Test {
 protected:
  void SetUp() override { folder_.file("deck.toml", small); }

  deck::Deck read(const std::string& rows, const Lines& overrides = {},
                  deck::Purpose purpose = deck::Purpose::training) {
    folder_.file("rows.csv", rows);
    return read_deck("deck.toml", overrides, purpose);
  }

  std::string refusal(const std::string& rows, const Lines& overrides = {}) {
    try {
      make(read(rows, overrides));
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }

  tests::TemporaryFolder folder_;
  tests::WorkingFolder inside_{folder_ / ""};
};

TEST_F(FileSchedule, RanksMayHoldUnequalNumbersOfStages) {
  const deck::Deck three = read(one_and_two);
  EXPECT_EQ(three.stages(), 3);
  EXPECT_EQ(three.grid.pipeline, 2);
  EXPECT_EQ(make(three).training.schedule.rank_of_stage, (tests::ids<PipelineRank>({0, 1, 1})));
  EXPECT_EQ(make(three).cuts.size(), 2U);
  const deck::Deck four = read(one_and_three);
  EXPECT_EQ(four.stages(), 4);
  EXPECT_EQ(make(four).training.schedule.rank_of_stage, (tests::ids<PipelineRank>({0, 1, 1, 1})));
}

TEST_F(FileSchedule, CutsAndCostsAreOfItsStages) {
  EXPECT_EQ(make(read(one_and_two, {"pipeline.cuts=[1, 3]"})).cuts, (std::vector<int>{2, 4}));
  const deck::Deck deck =
      read(one_and_two, {"cost.forward=[1, 2, 3]", "cost.send=[4, 5]"}, deck::Purpose::simulation);
  EXPECT_EQ(costs_of(options_of(deck)).stages.size(), 3U);
  EXPECT_EQ(costs_of(options_of(deck)).stages[Stage(2)][schedule::ActionKind::forward], 3);
  EXPECT_EQ(costs_of(options_of(deck)).links[Stage(1)].latency, 5);
  EXPECT_NE(refusal(one_and_two, {"pipeline.cuts=[1]"})
                .find("pipeline.cuts = [1] makes 2 stages, and file:rows.csv has 3"),
            std::string::npos);
  EXPECT_NE(refusal(one_and_two, {"cost.forward=[1, 2]"}).find("there are 3 stages"), std::string::npos);
  EXPECT_NE(
      refusal(one_and_three, {"model.layers=3"})
          .find("file:rows.csv has 4 stages, more than model.layers = 3 (each stage needs a layer); try "
                "model.layers = 4"),
      std::string::npos);
}

TEST_F(FileSchedule, TheLimitOfARanksActivationsIsThatOfItsStages) {
  const std::string of_two = "0F0,2F0,2B0,0B0,0F1,2F1,2B1,0B1\n";  // holds 2 activations at once
  EXPECT_EQ(refusal("1F0,1B0,1F1,1B1\n" + of_two, {"pipeline.memory_limit=1"}), "accepted");
  EXPECT_NE(refusal("1F0,1B0,1F1,1B1\n" + of_two, {"pipeline.memory_limit=0.5"}).find("the limit is 0.5"),
            std::string::npos);
  EXPECT_NE(
      refusal("1F0,1F1,1B0,1B1\n0F0,0F1,2F0,2B0,2F1,2B1,0B0,0B1\n", {"pipeline.memory_limit=1"})
          .find("rank 0, action 1 1F1 is over the memory limit (it makes 2 activations of a stage, and the "
                "limit is 1)"),
      std::string::npos);
}

TEST_F(FileSchedule, ChunksAreNotAllowedBesideIt) {
  EXPECT_EQ(
      refusal(one_and_three, {"pipeline.chunks=2"}),
      "command line: pipeline.chunks=2: pipeline.chunks = 2 does not fit file:rows.csv (its rows say which "
      "rank holds which stages); leave pipeline.chunks out, or try pipeline.chunks = 0");
  EXPECT_EQ(refusal(one_and_three, {"pipeline.schedule=1f1b", "pipeline.chunks=0"}),
            "command line: pipeline.chunks=0: pipeline.chunks = 0 does not fit the schedule \"1f1b\" (a rank "
            "holds a stage at least); try pipeline.chunks = 1");
}

TEST_F(FileSchedule, AResolvedDeckReadsBack) {
  const std::string resolved = deck::resolved(read(one_and_two));
  EXPECT_NE(resolved.find("chunks = 0\n"), std::string::npos);
  folder_.file("deck.toml", resolved);
  EXPECT_EQ(deck::resolved(read(one_and_two)), resolved);
}

TEST_F(FileSchedule, ARankWithoutAStageCanBeSimulatedAndNotRun) {
  EXPECT_EQ(refusal(idle),
            "deck.toml:11:1: file:rows.csv gives rank 1 no stage (an idle rank can be drawn and simulated, "
            "and trains "
            "nothing); write a row for every rank that there is");
  EXPECT_EQ(simulate(read(idle, {}, deck::Purpose::simulation)).schedule.ranks(), 2);
}

}  // namespace
}  // namespace heddle::plan
