// The bubble rates that the zero-bubble paper prints (Qi et al., arXiv 2401.10241), from its measured times.
#include <gtest/gtest.h>

#include <cmath>

#include "costs.hpp"
#include "heddle/schedule/generate.hpp"
#include "heddle/schedule/lookahead.hpp"
#include "heddle/schedule/simulated_machine.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

/// Times in milliseconds; the only cost of a message is its latency.
struct Row1p5B {
  int microbatches;
  double forward, input, weight, latency;
  double one_f_one_b, h1, h2, limit_1p, limit_2p;
};

constexpr Row1p5B rows[] = {
    {24, 18.522, 18.086, 9.337, 0.601, .2431, .1585, .1083, .1585, .0433},
    {32, 18.513, 18.086, 9.331, 0.626, .1985, .1242, .0837, .1242, .0039},
    {64, 18.546, 18.097, 9.321, 0.762, .1240, .0674, .0444, .0674, .0026},
};
constexpr int ranks = 8;

/// W keeps 32 of the 34 + 5 a s / h bytes a number of a microbatch's activations: a heads, s tokens, width h.
constexpr double weight_memory = 32 / (34 + 5 * 24 * 1024 / 2304.0);

Costs costs_of(const Row1p5B& row) {
  Costs costs;
  costs.stages = equal_costs(ranks, row.forward, row.input, row.weight).stages;
  costs.link.latency = row.latency;
  return costs;
}

/// To the four decimals of the paper.
double rate(const Row1p5B& row, const std::string& name, double limit = 0) {
  const Costs costs = costs_of(row);
  const Schedule schedule = generate({.name = name,
                                      .ranks = ranks,
                                      .microbatches = row.microbatches,
                                      .memory_limit = limit,
                                      .weight_memory = weight_memory,
                                      .costs = costs});
  const Schedule complete = lowered(schedule);
  const double cost = summarize(simulate(complete, costs, ample_lookahead(complete, costs))).largest_span;
  return std::round((1 - row.microbatches * (row.forward + row.input + row.weight) / cost) * 1e4) / 1e4;
}

TEST(Published, BubbleRatesOfThe1p5BModel) {
  for (const Row1p5B& row : rows) {
    EXPECT_DOUBLE_EQ(rate(row, "1f1b"), row.one_f_one_b) << row.microbatches;
    EXPECT_DOUBLE_EQ(rate(row, "zb-h1"), row.h1) << row.microbatches;
    EXPECT_DOUBLE_EQ(rate(row, "zb-h2"), row.h2) << row.microbatches;
    EXPECT_DOUBLE_EQ(rate(row, "zb-auto", ranks), row.limit_1p) << row.microbatches;
    EXPECT_DOUBLE_EQ(rate(row, "zb-auto", 2 * ranks), row.limit_2p) << row.microbatches;
  }
}

}  // namespace
}  // namespace heddle::schedule
