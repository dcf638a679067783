// Predicted times against the formulas of the papers and against a plain recursion.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <unordered_map>

#include "costs.hpp"
#include "heddle/schedule/simulated_machine.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

TEST(Simulated, BubbleOfGPipeAndOneFOneB) {
  for (int stages : {1, 2, 4, 8, 16})
    for (int microbatches : {stages, 2 * stages, 4 * stages + 1}) {
      const double forward = 1, input = 1.25, weight = 0.75, all = forward + input + weight;
      for (const auto& compute : {gpipe(stages, microbatches), one_f_one_b(stages, microbatches)}) {
        const Summary summary =
            summarize(simulate(lowered(compute), equal_costs(stages, forward, input, weight)));
        EXPECT_DOUBLE_EQ(summary.makespan, (microbatches + stages - 1) * all);
        EXPECT_DOUBLE_EQ(summary.largest_span, summary.makespan);
        EXPECT_NEAR(summary.bubble_of_makespan(), (stages - 1.0) / (microbatches + stages - 1), 1e-12);
        for (int rank = 0; rank < stages; ++rank) {
          EXPECT_DOUBLE_EQ(summary.ranks[rank].busy, microbatches * all);
          EXPECT_DOUBLE_EQ(summary.idle_in_makespan(rank), (stages - 1) * all);
        }
        // The first stage begins and ends the step, so its span has the whole bubble; the last
        // stage never waits.
        EXPECT_DOUBLE_EQ(summary.ranks[0].span() - summary.ranks[0].busy, (stages - 1) * all);
        EXPECT_DOUBLE_EQ(summary.ranks.back().span() - summary.ranks.back().busy, 0);
      }
    }
}

TEST(Simulated, FewerMicrobatchesThanStages) {
  for (int microbatches : {1, 2, 5, 8})
    EXPECT_DOUBLE_EQ(
        summarize(simulate(lowered(one_f_one_b(8, microbatches)), equal_costs(8, 1, 1, 2))).makespan,
        (microbatches + 7) * 4.0);
}

TEST(Simulated, LinksHaveLatencyAndBandwidth) {
  Costs costs = equal_costs(2, 1, 1, 1);
  costs.link = {0.25, 100};
  costs.boundary_bytes = {50};
  const Timeline timeline = simulate(lowered(one_f_one_b(2, 1)), costs);
  const std::vector<Event> expected = {
      {{ActionKind::receive_forward, Stage(1), 0}, 0, 1.75},
      {{ActionKind::forward, Stage(1), 0}, 1.75, 2.75},
      {{ActionKind::backward, Stage(1), 0}, 2.75, 4.75},
      {{ActionKind::send_backward, Stage(1), 0}, 4.75, 4.75},
      {{ActionKind::reduce_gradients, Stage(1)}, 4.75, 4.75},
      {{ActionKind::step, Stage(1)}, 4.75, 4.75},
  };
  EXPECT_EQ(timeline[1], expected);
  EXPECT_DOUBLE_EQ(summarize(timeline).makespan, 7.5);
  EXPECT_DOUBLE_EQ(summarize(timeline).ranks[1].span(), 3);
}

/// When the data of each receive of a rank has been taken, in the row's order.
std::vector<double> taken(const std::vector<Event>& events) {
  std::vector<double> ends;
  for (const Event& event : events)
    if (is_receive(event.action.kind)) ends.push_back(event.end);
  return ends;
}

TEST(Simulated, AContendedLinkCarriesOneMessageAfterAnother) {
  Costs costs = equal_costs(2, 1, 1, 1);
  costs.stages[Stage(1)] = {};
  costs.boundary_bytes = {50};
  costs.link = {0.25, 20};  // a message passes in 2.5 seconds
  EXPECT_EQ(taken(simulate(lowered(gpipe(2, 3)), costs, 9, 9)[1]), (std::vector<double>{3.75, 4.75, 5.75}));
  costs.link.contention = true;
  EXPECT_EQ(taken(simulate(lowered(gpipe(2, 3)), costs, 9, 9)[1]), (std::vector<double>{3.75, 6.25, 8.75}));
}

TEST(Simulated, StagesOfOneRankShareItsLink) {
  // Two stages a rank, 0 and 2 beside 1 and 3: what goes from 0 to 1 and from 2 to 3 takes the same link.
  const Schedule schedule =
      add_communication(read_schedule("0F0,2F0,0F1,2F1,2B0,0B0,2B1,0B1\n1F0,1F1,3F0,3B0,3F1,3B1,1B0,1B1\n"));
  Costs costs{.stages = std::vector<StageCost>(4), .link = {0, 1}, .boundary_bytes = {1, 1, 1}};
  const double apart = summarize(simulate(schedule, costs, 9, 9)).makespan;
  costs.link.contention = true;
  const Summary together = summarize(simulate(schedule, costs, 9, 9));
  EXPECT_GT(together.makespan, apart);
  EXPECT_DOUBLE_EQ(peak_bytes_in_flight(simulate(schedule, costs, 9, 9), costs), 2);
}

TEST(Simulated, EveryBorderHasALinkOfItsOwn) {
  Costs costs = equal_costs(3, 1, 1, 1);
  costs.links = {{0.5}, {4, 10}};
  costs.boundary_bytes = {1000, 20};
  // Forward and back over both borders, 0.5 and 4 + 2 seconds.
  EXPECT_DOUBLE_EQ(summarize(simulate(lowered(gpipe(3, 1)), costs)).makespan, 9 + 2 * 0.5 + 2 * 6);
}

TEST(Simulated, StagesThatStepTogetherWaitForTheLastReduction) {
  Costs costs = equal_costs(2, 1, 1, 1);
  for (StageCost& stage : costs.stages) {
    stage[ActionKind::reduce_gradients] = 0.5;
    stage[ActionKind::step] = 0.25;
  }
  const auto steps = [&] {
    std::vector<Event> found;
    for (const auto& events : simulate(lowered(one_f_one_b(2, 1)), costs)) found.push_back(events.back());
    return found;
  };
  const std::vector<Event> apart = {{{ActionKind::step, Stage(0)}, 6.5, 6.75},
                                    {{ActionKind::step, Stage(1)}, 4.5, 4.75}};
  EXPECT_EQ(steps(), apart);
  costs.steps_together = true;
  const std::vector<Event> together = {{{ActionKind::step, Stage(0)}, 6.5, 6.75},
                                       {{ActionKind::step, Stage(1)}, 4.5, 6.75}};
  EXPECT_EQ(steps(), together);
}

TEST(Simulated, BytesInFlightLieBetweenTheirSendAndTheirReceive) {
  Costs costs = equal_costs(2, 1, 1, 1);
  costs.stages[Stage(1)][ActionKind::forward] = 10;
  costs.boundary_bytes = {7};
  // While the second stage is at its first F, three messages wait for it; it takes one before its second.
  EXPECT_DOUBLE_EQ(peak_bytes_in_flight(simulate(lowered(gpipe(2, 4)), costs, 9, 9), costs), 21);
  EXPECT_DOUBLE_EQ(peak_bytes_in_flight(Timeline(2), costs), 0);
}

TEST(Simulated, ASendWaitsForAPlaceInItsChannel) {
  // The second stage is slow and posts one receive at a time, so the first one's third message leaves only
  // when the second receive is posted, and so on.
  Costs costs = equal_costs(2, 1, 1, 1);
  costs.stages[Stage(1)][ActionKind::forward] = 10;
  const Timeline timeline = simulate(lowered(gpipe(2, 4)), costs, 1, 1);
  std::vector<double> sent;
  for (const Event& event : timeline[0])
    if (event.action.kind == ActionKind::send_forward) sent.push_back(event.end);
  EXPECT_EQ(sent, (std::vector<double>{1, 2, 3, 11}));
}

Costs random_costs(int stages, std::mt19937& random) {
  std::uniform_real_distribution<double> uniform(0.5, 2);
  Costs costs;
  for (int stage = 0; stage < stages; ++stage) {
    StageCost& cost = costs.stages.emplace_back();
    for (const ActionKind kind : timed_kinds)
      if (is_compute(kind)) cost[kind] = uniform(random);
  }
  costs.link.latency = uniform(random) / 4;
  return costs;
}

/// When each computation ends if only rows and values bind it: what unlimited channels and
/// look-ahead must give.
std::unordered_map<Action, double> plain_recursion(const Schedule& compute, const Costs& costs) {
  std::unordered_map<Action, double> end;
  const auto dependencies = Dependencies::without_messages(compute.stages(), 1);
  for (bool moved = true; moved;) {
    moved = false;
    for (const Row& row : compute.rows) {
      double clock = 0;
      for (const Action& action : row) {
        if (end.contains(action)) {
          clock = end[action];
          continue;
        }
        bool ready = true;
        for (const Need& need : dependencies.of(action)) {
          const auto made = end.contains(need.either) ? end.find(need.either) : end.find(need.other);
          if (made == end.end()) ready = false;
          if (!ready) break;
          const bool remote = compute.rank_of_stage[made->first.stage] != compute.rank_of_stage[action.stage];
          clock = std::max(clock, made->second + (remote ? costs.link.latency : 0));
        }
        if (!ready) break;
        end[action] = clock + costs.stages[action.stage][action.kind];
        clock = end[action];
        moved = true;
      }
    }
  }
  return end;
}

TEST(Simulated, AgreesWithAPlainRecursion) {
  std::mt19937 random(1);
  for (const auto& compute : {gpipe(4, 6), one_f_one_b(4, 9), one_f_one_b(6, 3), v_shaped()})
    for (int repeat = 0; repeat < 20; ++repeat) {
      const Costs costs = random_costs(compute.stages(), random);
      const auto expected = plain_recursion(compute, costs);
      std::size_t compared = 0;
      for (const auto& events : simulate(add_communication(compute), costs, 100, 100))
        for (const Event& event : events)
          if (is_compute(event.action.kind)) {
            EXPECT_NEAR(event.end, expected.at(event.action), 1e-9);
            ++compared;
          }
      EXPECT_EQ(compared, expected.size());
    }
}

TEST(Simulated, DoesNotDependOnWhichRankIsSimulatedFirst) {
  std::mt19937 random(2);
  for (const Schedule& schedule : many_schedules()) {
    const Costs costs = random_costs(schedule.stages(), random);
    const Timeline forwards = simulate(schedule, costs, 1, 1);
    SimulatedCluster cluster(schedule, costs, 1);
    std::vector<EventRecorder> backwards(schedule.rows.size());
    std::vector<SimulatedMachine> machines(schedule.rows.size(), SimulatedMachine(cluster));
    std::vector<Interpreter> loops;
    for (std::size_t rank = schedule.rows.size(); rank-- > 0;)
      loops.emplace_back(schedule.rows[PipelineRank(rank)], machines[rank], 1, &backwards[rank]);
    EXPECT_EQ(run_all(loops), Advance::done);
    for (std::size_t rank = 0; rank < forwards.size(); ++rank)
      EXPECT_EQ(forwards[rank], backwards[rank].events);
  }
}

TEST(Simulated, IsFastForManyRanks) {
  const auto begin = std::chrono::steady_clock::now();
  const Schedule schedule = lowered(one_f_one_b(64, 256));
  EXPECT_DOUBLE_EQ(summarize(simulate(schedule, equal_costs(64, 1, 1, 1))).makespan, 319 * 3.0);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(seconds.count(), 5);
}

TEST(Timeline, SummaryOfNothingIsZero) {
  const Summary summary = summarize(Timeline(2));
  EXPECT_EQ(summary.makespan, 0);
  EXPECT_EQ(summary.bubble_of_makespan(), 0);
  EXPECT_EQ(summary.bubble_of_span(), 0);
}

}  // namespace
}  // namespace heddle::schedule
