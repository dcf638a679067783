// An order that is decided while the step runs: what may change places, how far, and what it is good for.
#include "heddle/schedule/dynamic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "heddle/schedule/lookahead.hpp"
#include "heddle/schedule/overtake.hpp"
#include "heddle/schedule/simulated_machine.hpp"
#include "heddle/schedule/verify.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

Schedule dynamic_rows(int ranks, int microbatches, int window, double memory_limit = 0) {
  return lowered(dynamic({.name = "dynamic",
                          .ranks = ranks,
                          .microbatches = microbatches,
                          .window = window,
                          .memory_limit = memory_limit}));
}

/// Every rank on machines that are ready by chance; what is done is seen by all.
class Chance final : public Machine {
 public:
  Chance(NullCluster& cluster, std::mt19937& random) : machine_(cluster), random_(&random) {}
  bool ready(const Action& action) override { return (*random_)() % 4 == 0 && machine_.ready(action); }
  void start(const Action& action) override { machine_.start(action); }
  Event finish(const Action& action) override { return machine_.finish(action); }

 private:
  NullMachine machine_;
  std::mt19937* random_;
};

/// Runs all ranks; the order in which each finished its actions.
std::vector<Row> run_by_chance(const Schedule& schedule, int lookahead, std::mt19937& random) {
  NullCluster cluster(schedule);
  std::vector<Chance> machines(schedule.rows.size(), Chance(cluster, random));
  std::vector<EventRecorder> recorders(schedule.rows.size());
  std::vector<Interpreter> loops;
  for (int rank = 0; rank < schedule.ranks(); ++rank)
    loops.emplace_back(schedule, PipelineRank(rank), machines[rank], lookahead, &recorders[rank]);
  for (int turns = 0; turns < 1'000'000 && !std::ranges::all_of(loops, &Interpreter::done); ++turns)
    for (Interpreter& loop : loops) loop.advance();
  std::vector<Row> orders(schedule.rows.size());
  for (std::size_t rank = 0; rank < orders.size(); ++rank)
    for (const Event& event : recorders[rank].events) orders[rank].push_back(event.action);
  return orders;
}

TEST(Dynamic, WhateverArrivesWhenEveryStepComesToItsEnd) {
  std::mt19937 random(1);
  for (int ranks : {1, 2, 3, 5})
    for (int microbatches : {1, 3, 8})
      for (int window : {1, 2, 7, 100})
        for (int lookahead : {1, 3}) {
          const Schedule schedule = dynamic_rows(ranks, microbatches, window);
          ASSERT_FALSE(first_problem(schedule));
          const std::vector<Row> orders = run_by_chance(schedule, lookahead, random);
          for (int rank = 0; rank < ranks; ++rank)
            EXPECT_TRUE(std::ranges::is_permutation(orders[rank], schedule.rows[PipelineRank(rank)]))
                << "rank " << rank << " of " << ranks << " did not end, window " << window;
        }
}

TEST(Dynamic, WhatAStageDoesOfOneKindKeepsItsOrderAndNobodyStraysFurtherThanTheWindow) {
  std::mt19937 random(2);
  int strayed = 0;
  for (int window : {1, 4, 12}) {
    const Schedule schedule = dynamic_rows(4, 9, window);
    const std::vector<Row> orders = run_by_chance(schedule, 2, random);
    for (int rank = 0; rank < schedule.ranks(); ++rank) {
      std::map<std::pair<int, ActionKind>, int> last;
      std::vector<bool> done(schedule.rows[PipelineRank(rank)].size(), false);
      for (const Action& action : orders[rank]) {
        const auto [before, is_new] = last.try_emplace({action.stage, action.kind}, -1);
        EXPECT_TRUE(is_per_stage(action.kind) || action.microbatch == before->second + 1);
        before->second = action.microbatch;
        const auto place = std::ranges::find(schedule.rows[PipelineRank(rank)], action) -
                           schedule.rows[PipelineRank(rank)].begin();
        const auto first = std::ranges::find(done, false) - done.begin();
        EXPECT_LT(place - first, window);
        strayed += place != first;
        done[place] = true;
      }
    }
  }
  EXPECT_GT(strayed, 20);
}

TEST(Dynamic, NobodyOvertakesWhatItNeeds) {
  const Dependencies two(one_f_one_b(2, 2));
  const auto may = [&](const char* later, const char* earlier) {
    const auto action = [](const char* cell) { return read_schedule(cell).rows[PipelineRank(0)][0]; };
    return may_overtake(action(later), action(earlier), two);
  };
  EXPECT_TRUE(may("0F1", "0RECV_B0"));
  EXPECT_TRUE(may("0F1", "0I0"));
  EXPECT_TRUE(may("0W0", "0RECV_B1"));
  EXPECT_TRUE(may("0SEND_F1", "0I0"));
  EXPECT_FALSE(may("0I0", "0RECV_B0"));
  EXPECT_FALSE(may("0W0", "0I0"));
  EXPECT_FALSE(may("0SEND_F0", "0F0"));
  EXPECT_FALSE(may("0F1", "0F0"));
  EXPECT_FALSE(may("0W1", "0B0"));
  EXPECT_FALSE(may("0STEP", "0W0"));
}

TEST(Dynamic, AMemoryLimitNarrowsTheWindow) {
  const auto window = [](double limit) { return dynamic_rows(4, 16, 40, limit).window; };
  EXPECT_EQ(window(0), 40);
  EXPECT_EQ(window(16), 40);
  EXPECT_LT(window(6), 40);
  EXPECT_LT(window(4), window(6));
  EXPECT_GE(window(4), 1);
  EXPECT_THROW(window(3), BadRequest);
}

/// A first stage whose messages are late half a forward: in order, every rank waits for each; by arrivals, it
/// goes on with what there is.
TEST(Dynamic, HidesWhatAFixedOrderWaitsFor) {
  Costs costs = unit_costs(4);
  costs.link.latency = 1.5;
  const auto makespan = [&](int window) {
    return summarize(simulate(dynamic_rows(4, 32, window), costs, 8)).makespan;
  };
  EXPECT_LT(makespan(16), 0.95 * makespan(1));
  EXPECT_LE(makespan(40), makespan(16) * 1.01);
}

}  // namespace
}  // namespace heddle::schedule
