// Bubbles and peaks of activations against the formulas of the papers, for unequal F, I and W.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "costs.hpp"
#include "heddle/schedule/activations.hpp"
#include "heddle/schedule/generate.hpp"
#include "heddle/schedule/lookahead.hpp"
#include "heddle/schedule/simulated_machine.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

struct Times {
  double forward, input, weight;
  double all() const { return forward + input + weight; }
};
/// W is the shortest, as it is for attention, and all are sums of powers of two, so that the sums are exact.
constexpr Times times[] = {{1, 1, 1}, {2, 2, 1.25}, {1, 1.25, 0.75}, {1.5, 1.75, 1}, {2, 2.5, 1.25}};
constexpr int rank_counts[] = {2, 4, 8, 16};

/// Times are those of a rank's whole share, `chunks` stages of it equally long.
Costs costs_of(const Times& t, int ranks, int chunks) {
  const double v = chunks;
  return equal_costs(ranks * chunks, t.forward / v, t.input / v, t.weight / v);
}

Summary summary_of(const Request& request, const Times& t) {
  const Costs costs = costs_of(t, request.ranks, request.chunks);
  const Schedule schedule = lowered(generate(request));
  return summarize(simulate(schedule, costs, ample_lookahead(schedule, costs)));
}

/// What the rank with the largest span waits in it.
double bubble(const Request& request, const Times& t) {
  return summary_of(request, t).largest_span - request.microbatches * t.all();
}

TEST(Theory, GPipeAndOneFOneBWaitForEveryStageButOne) {
  for (const int p : rank_counts)
    for (const Times& t : times)
      for (const int m : {p, 2 * p + 1})
        for (const char* name : {"gpipe", "1f1b"}) {
          EXPECT_DOUBLE_EQ(bubble({name, p, 1, m}, t), (p - 1) * t.all());
          EXPECT_DOUBLE_EQ(summary_of({name, p, 1, m}, t).makespan, (m + p - 1) * t.all());
        }
}

TEST(Theory, FewMicrobatchesTakeAsLongAsThePipeline) {
  for (const int p : rank_counts)
    for (const Times& t : times)
      for (int m = 1; m <= p; ++m)
        EXPECT_DOUBLE_EQ(summary_of({"1f1b", p, 1, m}, t).makespan, (m + p - 1) * t.all());
}

TEST(Theory, InterleavingDividesTheBubble) {
  for (const int p : rank_counts)
    for (const Times& t : times)
      for (const int v : {1, 2, 4})
        for (const int m : {2 * p, 3 * p})
          EXPECT_DOUBLE_EQ(bubble({"interleaved", p, v, m}, t), (p - 1) * t.all() / v);
}

TEST(Theory, TheHandMadeSchedulesHideW) {
  for (const int p : rank_counts)
    for (const Times& t : times)
      for (const int m : {2 * p, 3 * p, 4 * p + 1}) {
        EXPECT_DOUBLE_EQ(bubble({"zb-h1", p, 1, m}, t), (p - 1) * (t.forward + t.input - t.weight));
        EXPECT_DOUBLE_EQ(bubble({"zb-h2", p, 1, m}, t), (p - 1) * (t.forward + t.input - 2 * t.weight));
      }
}

TEST(Theory, TheVWaitsForNothingWhereAllTakeEquallyLong) {
  for (const int p : rank_counts)
    for (const int m : {2 * p, 3 * p + 1}) EXPECT_DOUBLE_EQ(bubble({"zb-v", p, 2, m}, times[0]), 0);
}

/// An F and the B after it as one: both begin with all that they take, and what they make leaves when both
/// are done. The first pair of the last rank is none, as its authors have it.
Schedule with_pairs_as_one(Schedule schedule) {
  for (int rank = 0; rank < schedule.ranks(); ++rank) {
    Row& row = schedule.rows[PipelineRank(rank)];
    bool skip = rank + 1 == schedule.ranks();
    for (std::size_t f = 0; f < row.size(); ++f) {
      if (row[f].kind != ActionKind::forward) continue;
      std::size_t b = f + 1;
      while (b < row.size() && !is_compute(row[b].kind)) ++b;
      if (b == row.size() || row[b].kind != ActionKind::backward) continue;
      if (std::exchange(skip, false)) continue;
      std::stable_sort(row.begin() + f, row.begin() + b + 1, [](const Action& x, const Action& y) {
        const auto order = [](const Action& action) {
          return is_receive(action.kind) ? 0 : is_send(action.kind) ? 2 : 1;
        };
        return order(x) < order(y);
      });
    }
  }
  return schedule;
}

/// (PP / 2 - 1)(F&B + B - 3 W) on PP = 2 p stages, times of a stage, B both gradients. A pair of F and B
/// takes F + B here, since they are not computed at the same time. The formula holds where I takes as long as
/// F, and is an upper bound where it takes longer. As what F makes leaves before B begins, the bubble of
/// Heddle's rows is shorter yet.
TEST(Theory, DualPipeVAsItsAuthorsGiveIt) {
  for (const int p : rank_counts)
    for (const Times& t : times)
      for (const int m : {2 * p, 3 * p}) {
        const Request request{"dualpipev", p, 2, m};
        const Costs costs = costs_of(t, p, 2);
        const Schedule pairs = with_pairs_as_one(lowered(generate(request)));
        const double together = summarize(simulate(pairs, costs, 999, 999)).makespan - m * t.all();
        const double authors = (p - 1) * (t.forward + 2 * (t.input + t.weight) - 3 * t.weight) / 2;
        const double apart = summary_of(request, t).makespan - m * t.all();
        EXPECT_LE(together, authors);
        EXPECT_LE(apart, together);
        if (t.forward == t.input) {
          EXPECT_DOUBLE_EQ(together, authors);
          EXPECT_DOUBLE_EQ(apart, (p - 1) * (t.forward + t.input - t.weight) / 2);
        }
      }
}

TEST(Theory, PeaksOfActivations) {
  constexpr double w = 0.375;
  const auto peak = [](const Request& request, int rank) {
    return peak_activations(generate(request), w)[rank];
  };
  for (const int p : rank_counts)
    for (const int m : {3 * p, 4 * p})
      for (int r = 0; r < p; ++r) {
        EXPECT_EQ(peak({"gpipe", p, 1, m}, r), m);
        EXPECT_EQ(peak({"1f1b", p, 1, m}, r), p - r);
        EXPECT_EQ(peak({"1f1b", p, 1, p / 2}, r), std::min(p / 2, p - r));
        for (const int v : {2, 3}) EXPECT_EQ(peak({"interleaved", p, v, m}, r), p * v + p - 1 - 2 * r);
        EXPECT_EQ(peak({"zb-h1", p, 1, m}, r), (p - r) + r * w);
        EXPECT_EQ(peak({"zb-h2", p, 1, m}, r), (2 * p - 2 * r - 1) + 2 * r * w);
      }
}

TEST(Theory, PeaksOfTheVs) {
  for (const int p : rank_counts)
    for (const int m : {3 * p, 4 * p})
      for (int r = 0; r < p; ++r) {
        EXPECT_EQ(peak_activations(generate({"zb-v", p, 2, m}))[r], 2 * p);
        EXPECT_LE(peak_activations(generate({"dualpipev", p, 2, m}))[r], 2 * p + 1);
        // half and a third of 1F1B's, and what one more microbatch takes
        EXPECT_LE(peak_activations(generate({"v-half", p, 2, m}))[r], p + 3);
        EXPECT_LE(peak_activations(generate({"v-min", p, 2, m}))[r], 2 * p / 3 + 4);
      }
}

}  // namespace
}  // namespace heddle::schedule
