// Rows walked clock by clock: each action as early as its needs allow, in a time that does not grow
// with idle ranks.
#include "heddle/schedule/row_walker.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <unordered_map>

#include "../support/ids.hpp"
#include "heddle/schedule/generate.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

RowWalker walker_of(const Schedule& compute) {
  return {compute, Dependencies::without_messages(compute.stages(), compute.slices)};
}

TEST(RowWalker, ARankWaitsUntilWhatItNeedsIsDone) {
  const Schedule rows = read_schedule("0F0,0F1,0B0\n1F1,1F0,1I0\n");
  RowWalker walker = walker_of(rows);
  EXPECT_FALSE(walker.ready(PipelineRank(1)));  // 1F1 needs 0F1
  EXPECT_TRUE(walker.ready(PipelineRank(0)));
  EXPECT_EQ(name(walker.take(PipelineRank(0))), "0F0");
  EXPECT_TRUE(walker.woken().empty());
  walker.take(PipelineRank(0));
  EXPECT_EQ(walker.woken(), tests::ids<PipelineRank>({1}));
  EXPECT_FALSE(walker.ready(PipelineRank(0)));  // 0B0 needs 1B0, or 1I0
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(walker.ready(PipelineRank(1)));
    walker.take(PipelineRank(1));
  }
  EXPECT_EQ(walker.woken(), tests::ids<PipelineRank>({0}));
  EXPECT_TRUE(walker.ready(PipelineRank(0)));
  EXPECT_TRUE(walker.at_end(PipelineRank(1)));
  EXPECT_EQ(walker.unfinished(), tests::ids<PipelineRank>({0}));
}

TEST(RowWalker, NamesTheFirstRankThatWaitsForEver) {
  const Schedule rows = read_schedule("0F0\n1F0,1F1,1B0\n");
  RowWalker walker = walker_of(rows);
  int visited = 0;
  walker.by_clocks([&](std::size_t, int, const Action&) { ++visited; });
  EXPECT_EQ(visited, 2);
  const auto problem = walker.first_blocked();
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->what, "rank 1, action 1 1F1 can never start");
  EXPECT_EQ(problem->why, "it waits for 0F1");
}

/// The clock of every action as it is defined: one after all that it needs, and after the action before it
/// in the row.
std::unordered_map<Action, std::size_t> defined_clocks(const Schedule& compute) {
  const auto dependencies = Dependencies::without_messages(compute.stages(), compute.slices);
  std::unordered_map<Action, std::size_t> clocks;
  for (bool moved = true; moved;) {
    moved = false;
    for (const Row& row : compute.rows) {
      std::size_t clock = 0;
      for (const Action& action : row) {
        if (!clocks.contains(action)) {
          const auto done = [&](const Action& other) {
            if (clocks.contains(other)) clock = std::max(clock, clocks[other] + 1);
            return clocks.contains(other);
          };
          if (dependencies.of(action).first_unmet(done)) break;
          clocks[action] = clock;
          moved = true;
        }
        clock = clocks[action] + 1;
      }
    }
  }
  return clocks;
}

TEST(RowWalker, EveryActionHasItsEarliestClock) {
  std::mt19937 random(3);
  for (const char* name : {"gpipe", "1f1b", "zb-h1"})
    for (int repeat = 0; repeat < 50; ++repeat) {
      Schedule rows = generate({.name = name, .ranks = 4, .microbatches = 5});
      for (int swap = 0; swap < 2; ++swap) {
        Row& row = rows.rows[PipelineRank(random() % rows.rows.size())];
        const std::size_t at = random() % (row.size() - 1);
        std::swap(row[at], row[at + 1]);
      }
      std::unordered_map<Action, std::size_t> clocks;
      walker_of(rows).by_clocks(
          [&](std::size_t clock, int, const Action& action) { clocks[action] = clock; });
      EXPECT_EQ(clocks, defined_clocks(rows)) << write(rows);
    }
}

TEST(RowWalker, LoweringIsFastForManyRanks) {
  const auto begin = std::chrono::steady_clock::now();
  const Schedule schedule = lowered(one_f_one_b(20000, 4));
  EXPECT_EQ(schedule.rows[PipelineRank(1)].size(), 4U * 6 + 2);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(seconds.count(), 5);
}

}  // namespace
}  // namespace heddle::schedule
