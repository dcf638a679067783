// Costs from FLOPs, bytes and a described machine, against sums by hand.
#include "heddle/schedule/estimate.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "heddle/graph/ops.hpp"
#include "heddle/passes/number_types.hpp"
#include "heddle/passes/parallelize.hpp"
#include "heddle/passes/step_end.hpp"

namespace heddle::schedule {
namespace {

using graph::Op;
using graph::Role;
using graph::ValueId;
using maps::Axis;
using maps::Grid;
using maps::MapKind;

const MachineModel machine{
    .rates = {1e9, 1e8}, .kernel = 0, .ranks_per_node = 4, .within = {1, 100}, .between = {10, 50}};

maps::Map over(MapKind kind, Axis axis) { return {.kind = kind, .axes = maps::AxisSet(axis)}; }

TEST(Estimate, CollectivesAsARingOfBytesAndATreeOfMessages) {
  const Grid grid({4, 1, 4});  // tensor groups are nodes, data groups span four of them
  const auto tensor = over(MapKind::sum_reduce, Axis::tensor), data = over(MapKind::sum_reduce, Axis::data);
  EXPECT_DOUBLE_EQ(seconds(tensor, 800, grid, 0, machine), 2 * (600 / 100.0 + 2 * 1));
  EXPECT_DOUBLE_EQ(seconds(data, 800, grid, 5, machine), 2 * (600 / 50.0 + 2 * 10));
  EXPECT_DOUBLE_EQ(seconds(over(MapKind::all_gather, Axis::tensor), 800, grid, 0, machine),
                   600 / 100.0 + 2 * 1);
  EXPECT_DOUBLE_EQ(seconds(over(MapKind::broadcast, Axis::tensor), 800, grid, 0, machine), 0);
  EXPECT_DOUBLE_EQ(seconds(over(MapKind::sum_reduce, Axis::pipeline), 800, grid, 0, machine), 0);
}

/// y = w x for 10 rows of 8 numbers, and the sum of y as a loss of sorts.
passes::Program linear_program(const Grid& grid, Precision precision = Precision::fp32,
                               passes::Masters masters = passes::Masters::kept) {
  graph::Graph g;
  const ValueId tokens =
      g.add({.name = "tokens", .role = Role::input, .dtype = DType::i32, .shape = {graph::rows}});
  const ValueId targets =
      g.add({.name = "targets", .role = Role::input, .dtype = DType::i32, .shape = {graph::rows}});
  const ValueId table = g.add({.name = "table", .role = Role::parameter, .shape = {16, 8}});
  const ValueId x = append(g, Op::embedding, {table, tokens}, "x")[0];
  const graph::BlockId head(1);
  const ValueId logits = append(g, Op::linear, {x, table}, "logits", graph::Linear{}, head)[0];
  const ValueId sum = append(g, Op::log_sum_exp, {logits}, "sum", {}, head)[0];
  const ValueId p = append(g, Op::log_probability, {logits, sum, targets}, "p", {}, head)[0];
  g.outputs = append(g, Op::nll, {p}, "loss", {}, head);
  const graph::Graph laid_out =
      passes::with_types(passes::parallelize(g, grid, passes::ResidualStream::whole), precision, masters);
  return passes::with_step_end(
      passes::differentiate(passes::partition(laid_out, {}).front()),
      {.remainders = masters == passes::Masters::remainder, .pipeline_rank = PipelineRank(0)});
}

using enum ActionKind;

StageCost estimated(const Grid& grid, const MachineModel& model, std::int64_t samples = 1,
                    Bucketing bucketing = {.most_bytes = 0}) {
  const passes::Program program = linear_program(grid);
  const auto stages = estimate({.program = program,
                                .grid = grid,
                                .rank = 0,
                                .extents = graph::Extents::microbatch(samples, 10),
                                .bucketing = bucketing},
                               model);
  EXPECT_EQ(stages.size(), 1U);
  return stages.at(Stage(0));
}

TEST(Estimate, FlopsAndBytesOfAStage) {
  const Grid one;
  // Nothing but products takes time where memory is fast: one forward, two backward.
  const StageCost flops = estimated(one, {.rates = {1e6, 1e18}});
  const double product = 2.0 * 10 * 16 * 8 / 1e6;
  EXPECT_GE(flops[forward], product);
  EXPECT_LT(flops[forward], 2 * product);
  EXPECT_DOUBLE_EQ(flops[backward], flops[backward_input] + flops[backward_weight]);
  EXPECT_NEAR(flops[backward_input] + flops[backward_weight], 2 * product, product);
  EXPECT_EQ(flops[reduce_gradients], 0);
}

/// The norm reads a gradient and writes one number; AdamW reads it, parameter and moments, and writes all but the gradient.
TEST(Estimate, BytesOfAStepAreThoseOfWhatItReadsAndWrites) {
  const auto bytes = [](Precision precision, passes::Masters masters) {
    const passes::Program program = linear_program(Grid(), precision, masters);
    return estimate({.program = program, .grid = Grid(), .extents = graph::Extents::microbatch(1, 10)},
                    {.rates = {1e18, 1.0}})
        .at(Stage(0))[step];
  };
  constexpr double numbers = 16 * 8, norm = 8;
  EXPECT_DOUBLE_EQ(bytes(Precision::fp32, passes::Masters::kept), norm + numbers * (4 + 4 + 3 * 4 + 3 * 4));
  EXPECT_DOUBLE_EQ(bytes(Precision::bf16, passes::Masters::kept),
                   norm + numbers * (4 + 4 + 3 * 4 + 3 * 4 + 2));
  EXPECT_DOUBLE_EQ(bytes(Precision::bf16, passes::Masters::remainder),
                   norm + numbers * (4 + 4 + 2 * (2 * 4 + 2 + 2)));
  EXPECT_DOUBLE_EQ(bytes(Precision::bf16, passes::Masters::none), norm + numbers * (4 + 4 + 2 * (2 * 4 + 2)));
}

TEST(Estimate, AKernelTakesItsLeastTime) {
  const StageCost fast = estimated(Grid(), {.rates = {1e18, 1e18}, .kernel = 1});
  EXPECT_DOUBLE_EQ(fast[forward], std::round(fast[forward]));
  EXPECT_GE(fast[forward], 5);
}

TEST(Estimate, DataRanksShareRowsAndSumGradients) {
  const MachineModel slow{.rates = {1e6, 1e18}, .ranks_per_node = 2, .within = {0, 1}, .between = {0, 1}};
  const StageCost one = estimated(Grid(), slow, 2), two = estimated(Grid({2, 1, 1}), slow, 2);
  EXPECT_NEAR(two[forward], one[forward] / 2, 1e-3 * one[forward]);
  // An all-reduce of 512 bytes between two passes each rank's link once; hardly anything
  // hides behind backward.
  EXPECT_NEAR(two[reduce_gradients], 512 - two[backward], 1e-6);
  const StageCost narrow = estimated(Grid({2, 1, 1}), slow, 2, {.most_bytes = 0, .narrow = true});
  EXPECT_NEAR(narrow[reduce_gradients], 256 - two[backward], 1e-6) << "sent as bf16";
}

}  // namespace
}  // namespace heddle::schedule
