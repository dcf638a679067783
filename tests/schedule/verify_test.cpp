// Good schedules pass; a bad one is refused with the first action that can never start and what it waits for.
#include "heddle/schedule/verify.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <utility>

#include "../support/ids.hpp"
#include "heddle/base/error.hpp"
#include "heddle/schedule/activations.hpp"
#include "heddle/schedule/lookahead.hpp"
#include "heddle/schedule/simulated_machine.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

TEST(Verify, PassesWhatTheGeneratorsMake) {
  for (const Schedule& schedule : many_schedules())
    for (int lookahead : {1, 2, 3})
      for (int capacity : {1, 2}) {
        const auto problem = first_problem(schedule, lookahead, capacity);
        EXPECT_FALSE(problem) << problem->what << " (" << problem->why << ")\n" << write(schedule);
      }
}

TEST(Verify, PassesRowsOfTorch) {
  verify(add_communication(one_f_one_b(4, 8), Receives::as_sent));
  verify(add_communication(v_shaped(), Receives::as_sent), 1, 1);
}

TEST(Verify, TakesSlices) {
  verify(
      read_schedule("0F0.0,0SEND_F0,0F0.1,0SEND_F0.1,0RECV_B0.1,0B0.1,0RECV_B0,0B0\n"
                    "1RECV_F0,1F0,1RECV_F0.1,1F0.1,1B0.1,1SEND_B0.1,1B0,1SEND_B0\n"));
  // The gradients of weights are sums, so W takes the slices in any order.
  const Schedule split =
      read_schedule("0F0,0F0.1,0F0.2,0I0.2,0I0.1,0I0,0W0,0W0.2,0W0.1\n1F0,1F0.1,1F0.2,1B0.2,1B0.1,1B0\n");
  EXPECT_FALSE(first_problem_of_rows(split));
  verify(lowered(split));
}

struct Bad {
  const char* rows;
  const char* what;
  const char* why;
};

// The good one, for two stages and two microbatches:
//   0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1,0REDUCE_GRAD,0STEP
//   1RECV_F0,1F0,1B0,1SEND_B0,1RECV_F1,1F1,1B1,1SEND_B1,1REDUCE_GRAD,1STEP
#define GOOD_0 "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1,0REDUCE_GRAD,0STEP\n"
#define GOOD_1 "1RECV_F0,1F0,1B0,1SEND_B0,1RECV_F1,1F1,1B1,1SEND_B1,1REDUCE_GRAD,1STEP\n"
const Bad bad_schedules[] = {
    // something is missing
    {GOOD_0 "1RECV_F0,1F0,1B0,1SEND_B0,1F1,1B1,1SEND_B1,1REDUCE_GRAD,1STEP\n",
     "rank 1, action 4 1F1 can never start", "it waits for 1RECV_F1, which no row has"},
    {"0F0,0SEND_F0,0F1,0RECV_B0,0B0,0RECV_B1,0B1,0REDUCE_GRAD,0STEP\n" GOOD_1,
     "rank 1, action 4 1RECV_F1 can never start", "it waits for 0SEND_F1, which no row has"},
    {"0F0,0SEND_F0,0F1,0SEND_F1,0B0,0RECV_B1,0B1,0REDUCE_GRAD,0STEP\n" GOOD_1,
     "rank 0, action 4 0B0 can never start", "it waits for 0RECV_B0, which no row has"},
    {GOOD_0 "1RECV_F0,1F0,1B0,1RECV_F1,1F1,1B1,1SEND_B1,1REDUCE_GRAD,1STEP\n",
     "rank 0, action 4 0RECV_B0 can never start", "it waits for 1SEND_B0, which no row has"},
    {"0F0,0SEND_F0,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1,0REDUCE_GRAD,0STEP\n" GOOD_1,
     "rank 0, action 2 0SEND_F1 can never start", "it waits for 0F1, which no row has"},
    {GOOD_0 "1RECV_F0,1F0,1SEND_B0,1RECV_F1,1F1,1B1,1SEND_B1,1REDUCE_GRAD,1STEP\n",
     "rank 1, action 2 1SEND_B0 can never start", "it waits for 1B0, which no row has"},
    {"0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1,0STEP\n" GOOD_1,
     "rank 0, action 8 0STEP can never start", "it waits for 0REDUCE_GRAD, which no row has"},
    {"0F0,0I0\n", "no row has 0W0", "each stage computes each microbatch once, F and B, or F, I and W"},
    {"0F0,0B0,0F1\n", "no row has 0B1", "each stage computes each microbatch once, F and B, or F, I and W"},
    {"0F0,0B0,0F2,0B2\n", "no row has 0F1",
     "each stage computes each microbatch once, F and B, or F, I and W"},
    {"0F0,0SEND_F0,0RECV_B0,0B0,0REDUCE_GRAD,0STEP\n1RECV_F0,1F0,1B0,1SEND_B0\n", "no row has 1STEP",
     "other stages step"},
    {"0F0,0SEND_F0,0RECV_B0,0B0\n1RECV_F0,1F0,1B0,1SEND_B0\n\n3F0,3B0\n", "stage 2 is on no rank",
     "no row computes it"},
    {"", "the schedule has no stages", "no row computes anything"},
    {"0STEP\n", "the schedule has no microbatches", ""},
    {"0SEND_F0\n", "stage 0 is on no rank", "no row computes it"},
    {"0F0,0SEND_F0,0RECV_B0,0B0\n1RECV_F0,1F0,1B0,1SEND_B0\n,\n", nullptr, nullptr},  // a rank may idle
    // the order within a row is wrong
    {"0B0,0F0\n", "rank 0, action 0 0B0 can never start",
     "it waits for 0F0, which comes later in the row as action 1"},
    {"0F0,0W0,0I0\n", "rank 0, action 1 0W0 can never start",
     "it waits for 0I0, which comes later in the row as action 2"},
    {"0F0,0REDUCE_GRAD,0B0,0STEP\n", "rank 0, action 1 0REDUCE_GRAD can never start",
     "it waits for 0B0, which comes later in the row as action 2"},
    {"0F0,0B0,0STEP,0REDUCE_GRAD\n", "rank 0, action 2 0STEP can never start",
     "it waits for 0REDUCE_GRAD, which comes later in the row as action 3"},
    {"0SEND_F0,0F0,0RECV_B0,0B0\n1RECV_F0,1F0,1B0,1SEND_B0\n", "rank 0, action 0 0SEND_F0 can never start",
     "it waits for 0F0, which comes later in the row as action 1"},
    {"0F0,0SEND_F0,0RECV_B0,0B0\n1F0,1RECV_F0,1B0,1SEND_B0\n", "rank 1, action 0 1F0 can never start",
     "it waits for 1RECV_F0, which comes later in the row as action 1"},
    // a slice comes before one that it needs
    {"0F0.1,0B0.1\n", "rank 0, action 0 0F0.1 can never start", "it waits for 0F0, which no row has"},
    {"0F0.1,0F0.0,0B0.1,0B0.0\n", "rank 0, action 0 0F0.1 can never start",
     "it waits for 0F0, which comes later in the row as action 1"},
    {"0F0.0,0F0.1,0B0.0,0B0.1\n", "rank 0, action 2 0B0 can never start",
     "it waits for 0B0.1, which comes later in the row as action 3"},
    {"0F0,0F0.1,0F0.2,0I0.2,0I0,0I0.1,0W0,0W0.1,0W0.2\n", "rank 0, action 4 0I0 can never start",
     "it waits for 0I0.1, which comes later in the row as action 5"},
    {"0F0,0SEND_F0,0F0.1,0SEND_F0.1,0RECV_B0,0B0,0RECV_B0.1,0B0.1\n"
     "1RECV_F0,1F0,1RECV_F0.1,1F0.1,1B0.1,1SEND_B0.1,1B0,1SEND_B0\n",
     "rank 0, action 5 0B0 can never start", "it waits for 0B0.1, which comes later in the row as action 7"},
    // ranks wait for each other
    {"0F0,0RECV_B0,0SEND_F0,0B0\n1RECV_F0,1F0,1B0,1SEND_B0\n", "rank 0, action 1 0RECV_B0 can never start",
     "it waits for 1SEND_B0 of rank 1, whose action 0 1RECV_F0 waits for 0SEND_F0 of rank 0, in a circle"},
    {"0F0,0SEND_F0,0RECV_B0,0B0,0F1,0SEND_F1,0RECV_B1,0B1\n1RECV_F0,1F0,1RECV_F1,1F1,1B0,1SEND_B0,1B1,1SEND_"
     "B1\n",
     "rank 0, action 2 0RECV_B0 can never start",
     "it waits for 1SEND_B0 of rank 1, whose action 2 1RECV_F1 waits for 0SEND_F1 of rank 0, in a circle"},
    {"0F0,0SEND_F0,0F1,0SEND_F1,0F2,0SEND_F2,0F3,0SEND_F3,0RECV_B3,0B3,0RECV_B2,0B2,0RECV_B1,0B1,0RECV_B0,"
     "0B0\n"
     "1RECV_F3,1F3,1B3,1SEND_B3,1RECV_F2,1F2,1B2,1SEND_B2,1RECV_F1,1F1,1B1,1SEND_B1,1RECV_F0,1F0,1B0,1SEND_"
     "B0\n",
     "rank 0, action 5 0SEND_F2 can never start",
     "it waits for 1RECV_F0 of rank 1, whose action 0 1RECV_F3 waits for 0SEND_F3 of rank 0, in a circle"},
    // actions that stand where they must not
    {"0F0,0F0,0B0\n", "rank 0, action 1 0F0 is wrong", "action 0 of the row is the same"},
    {"0F0,0B0,0B0\n", "rank 0, action 2 0B0 is wrong", "action 1 of the row is the same"},
    {"0F0,0B0,0W0\n", "rank 0, action 2 0W0 is wrong", "action 1 0B0 makes that gradient too"},
    {"0F0,0I0,0B0\n", "rank 0, action 2 0B0 is wrong", "action 1 0I0 makes that gradient too"},
    {"0F0,0B0,0REDUCE_GRAD,0REDUCE_GRAD\n", "rank 0, action 3 0REDUCE_GRAD is wrong",
     "action 2 of the row is the same"},
    {"0F0,0SEND_F0,0RECV_B0,0B0\n1RECV_F0,1F0,1B0,1SEND_B0,0F1\n", "rank 1, action 4 0F1 is wrong",
     "stage 0 is on rank 0"},
    {"0F0,0B0,0SEND_F0\n", "rank 0, action 2 0SEND_F0 is wrong", "there is no stage at its other end"},
    {"0RECV_F0,0F0,0B0\n", "rank 0, action 0 0RECV_F0 is wrong", "there is no stage at its other end"},
    {"0F0,0SEND_F0,1RECV_F0,1F0,1B0,0B0\n", "rank 0, action 1 0SEND_F0 is wrong",
     "stage 1 is on the same rank"},
    // messages that do not match
    {"0F0,0SEND_F0,0F1,0B1,0RECV_B0,0B0\n1RECV_F0,1F0,1B0,1SEND_B0,1F1,1B1\n",
     "rank 0, action 3 0B1 can never start", "it waits for 0RECV_B1, which no row has"},
    {"0F0,0SEND_F0,0RECV_B0,0B0,0RECV_B1\n1RECV_F0,1F0,1B0,1SEND_B0\n",
     "rank 0, action 4 0RECV_B1 can never start", "it waits for 1SEND_B1, which no row has"},
};

TEST(Verify, RefusesBadSchedules) {
  for (const Bad& bad : bad_schedules) {
    const auto problem = first_problem(read_schedule(bad.rows));
    if (!bad.what) {
      EXPECT_FALSE(problem) << problem->what;
      continue;
    }
    ASSERT_TRUE(problem) << bad.rows;
    EXPECT_EQ(problem->what, bad.what) << bad.rows;
    EXPECT_EQ(problem->why, bad.why) << bad.rows;
  }
}

TEST(Verify, RefusesBadRowsWithoutCommunication) {
  const Bad bad[] = {
      {"0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n", nullptr, nullptr},
      {"0F0,0F1,1F0,0B0,1B0,1F1,0B1,1B1\n", "rank 0, action 3 0B0 can never start", "it waits for 1B0"},
      {"0B0,0F0\n", "rank 0, action 0 0B0 can never start", "it waits for 0F0"},
      {"0F0,0W0,0I0\n", "rank 0, action 1 0W0 can never start", "it waits for 0I0"},
      {"0F1,0F0,0I0,0I1,0W1\n", "no row has 0W0",
       "each stage computes each microbatch once, F and B, or F, I and W"},
      {"0F0,0F1,0B1\n", "no row has 0B0", "each stage computes each microbatch once, F and B, or F, I and W"},
      {"0F0,0B0\n0F1,0B1\n", "rank 1, action 0 0F1 is wrong", "stage 0 is on rank 0"},
      {"0F0,2F0,2B0,0B0\n", "stage 1 is on no rank", "no row computes it"},
      {"0F0,0B0,0F0\n", "rank 0, action 2 0F0 is wrong", "action 0 of the row is the same"},
      {"0F0,0I0,0B0\n", "rank 0, action 2 0B0 is wrong", "action 1 0I0 makes that gradient too"},
      {"0F0,0F1,0B0,0B1\n1F1,1B0,1F0,1B1\n", "rank 0, action 2 0B0 can never start", "it waits for 1B0"},
      {"0F0,0B0,0REDUCE_GRAD,0F1,0B1,0STEP\n", "rank 0, action 2 0REDUCE_GRAD can never start",
       "it waits for 0B1, which comes later in the row as action 4"},
      {"0F0,0F1,0B0,0B1,0REDUCE_GRAD,0STEP\n", nullptr, nullptr},
      {"0F0.1,0F0.0,0B0.1,0B0.0\n", "rank 0, action 0 0F0.1 can never start", "it waits for 0F0"},
      {"0F0.0,0F0.1,0B0.0,0B0.1\n", "rank 0, action 2 0B0 can never start", "it waits for 0B0.1"},
      {"0F0,0F0.1,0B0.1,0B0\n1F0,1F0.1,1B0,1B0.1\n", "rank 0, action 2 0B0.1 can never start",
       "it waits for 1B0.1"},
      {"\n", "the schedule has no stages", "no row computes anything"},
  };
  for (const Bad& one : bad) {
    const auto problem = first_problem_of_rows(read_schedule(one.rows));
    if (!one.what) {
      EXPECT_FALSE(problem) << problem->what;
      continue;
    }
    ASSERT_TRUE(problem) << one.rows;
    EXPECT_EQ(problem->what, one.what) << one.rows;
    EXPECT_EQ(problem->why, one.why) << one.rows;
  }
}

TEST(Verify, RefusesMoreActivationsThanTheLimit) {
  const Schedule rows = one_f_one_b(4, 8);
  EXPECT_FALSE(over_memory(rows, 4));
  const auto problem = over_memory(rows, 3);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->what, "rank 0, action 3 0F3 is over the memory limit");
  EXPECT_EQ(problem->why, "it makes 4 activations of a stage, and the limit is 3");
  const Schedule split = read_schedule("0F0,0I0,0F1,0I1,0W0,0W1\n");
  EXPECT_FALSE(over_memory(split, 1.5, 0.5));
  EXPECT_EQ(over_memory(split, 1.25, 0.5)->what, "rank 0, action 2 0F1 is over the memory limit");
}

TEST(Verify, RefusesAWrongStageMap) {
  Schedule schedule = read_schedule(GOOD_0 GOOD_1);
  schedule.rank_of_stage = tests::ids<PipelineRank>({1, 0});
  EXPECT_EQ(first_problem(schedule)->what, "rank 0, action 0 0F0 is wrong");
  schedule.rank_of_stage = tests::ids<PipelineRank>({0, 2});
  EXPECT_EQ(first_problem(schedule)->why, "there are 2 rows");
  schedule.rank_of_stage = tests::ids<PipelineRank>({0});
  EXPECT_EQ(first_problem(schedule)->what, "rank 0, action 1 0SEND_F0 is wrong");
  schedule.rank_of_stage = tests::ids<PipelineRank>({0, 1});
  schedule.microbatches = 1;
  EXPECT_EQ(first_problem(schedule)->what, "rank 0, action 2 0F1 is wrong");
  schedule.microbatches = 3;
  EXPECT_EQ(first_problem(schedule)->what, "no row has 0F2");
}

TEST(Verify, RefusesAMicrobatchForTheWholeStage) {
  Schedule schedule = read_schedule(GOOD_0 GOOD_1);
  schedule.rows[PipelineRank(0)].back().microbatch = 0;
  EXPECT_EQ(first_problem(schedule)->why, "it is done once a stage, not for a microbatch");
}

TEST(Verify, EachActionOfAScheduleIsNeeded) {
  const Schedule good = lowered(one_f_one_b(3, 2));
  for (int rank = 0; rank < good.ranks(); ++rank)
    for (std::size_t index = 0; index < good.rows[PipelineRank(rank)].size(); ++index) {
      Schedule schedule = good;
      schedule.rows[PipelineRank(rank)].erase(schedule.rows[PipelineRank(rank)].begin() +
                                              static_cast<std::ptrdiff_t>(index));
      EXPECT_TRUE(first_problem(schedule)) << "without " << name(good.rows[PipelineRank(rank)][index]);
    }
}

TEST(Verify, RandomOrdersAreRefusedOrRun) {
  std::mt19937 random(6);
  int refused = 0, passed = 0;
  for (int repeat = 0; repeat < 2000; ++repeat) {
    Schedule schedule = repeat % 2 ? lowered(one_f_one_b(3, 3)) : lowered(v_shaped());
    for (int swap = 0; swap < 2; ++swap) {
      Row& row = schedule.rows[PipelineRank(random() % schedule.rows.size())];
      const std::size_t at = random() % (row.size() - 1);
      std::swap(row[at], row[at + 1]);
    }
    const Costs costs = unit_costs(schedule.stages());
    if (first_problem(schedule)) {
      EXPECT_THROW(simulate(schedule, costs), Error) << write(schedule);
      ++refused;
    } else {
      EXPECT_NO_THROW(simulate(schedule, costs)) << write(schedule);
      ++passed;
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(passed, 100);
}

TEST(Verify, ThrowsForTheDeckWithTheWholeMessage) {
  try {
    verify(read_schedule(bad_schedules[0].rows));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_STREQ(
        error.what(),
        "rank 1, action 4 1F1 can never start (it waits for 1RECV_F1, which no row has); compare them "
        "with rows that run, which `heddle schedule DECK --format csv` writes");
  }
}

TEST(Verify, IsFastForAThousandOfActionsARank) {
  const auto begin = std::chrono::steady_clock::now();
  verify(lowered(one_f_one_b(64, 256)));
  verify(lowered(gpipe(64, 256)));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(seconds.count(), 5);
}

}  // namespace
}  // namespace heddle::schedule
