// FLOPs and bytes against numbers counted by hand.
#include <gtest/gtest.h>

#include "../support/models.hpp"
#include "heddle/graph/ops.hpp"
#include "samples.hpp"

namespace heddle::graph {
namespace {

constexpr std::int64_t batch = 3;

/// Of so many rows, in samples of the tests' context.
Cost cost_of(const Graph& graph, const Node& node, std::int64_t count, std::int64_t tokens = context) {
  return cost(graph, node, Extents().with(rows, count).with(sequence, tokens));
}

/// FLOPs of all nodes of an op in one block.
double flops(const Graph& graph, Op op, int block, std::int64_t count) {
  double sum = 0;
  for (const Node& node : graph.nodes)
    if (node.op == op && node.block == block)
      sum += cost_of(graph, node, count, tests::small_model().context).flops;
  return sum;
}

TEST(Cost, OfAGpt2BlockAndHead) {
  deck::Model model = tests::small_model();
  const Graph graph = tests::small_gpt();
  const double C = static_cast<double>(model.width), T = static_cast<double>(model.context);
  const double V = static_cast<double>(model.vocabulary), R = static_cast<double>(batch) * T;
  const std::int64_t count = batch * model.context;
  EXPECT_EQ(flops(graph, Op::linear, 1, count), 2 * R * (3 * C * C + C * C + 4 * C * C + 4 * C * C));
  EXPECT_EQ(flops(graph, Op::linear, model.layers + 1, count), 2 * R * C * V);
  // q k^T and p v: T (T + 1) / 2 pairs a sample that may see each other, 2 FLOPs each for every feature.
  EXPECT_EQ(flops(graph, Op::attention, 1, count),
            static_cast<double>(batch) * (T * (T + 1) / 2) * C * 2 * 2);
  EXPECT_EQ(flops(graph, Op::embedding, 0, count), 0);
}

TEST(Cost, BackwardIsTwiceALinearAndTwoAndAHalfTimesAttention) {
  Graph graph;
  const ValueId x = graph.add(activation("x", {rows, width})), w = graph.add(parameter("w", {hidden, width}));
  const ValueId y = append(graph, Op::linear, {x, w}, "y", Linear{}).front();
  append(graph, Op::linear_input_gradient, {y, w}, "dx");
  const Node weight_gradient{Op::linear_weight_gradient, {y, x}, {w}};
  const double forward = 2.0 * 20 * hidden * width;
  EXPECT_EQ(cost_of(graph, graph.nodes[0], 20).flops, forward);
  EXPECT_EQ(cost_of(graph, graph.nodes[1], 20).flops, forward);
  EXPECT_EQ(cost_of(graph, weight_gradient, 20).flops, forward);

  const ValueId qkv = graph.add(activation("qkv", {rows, 3, heads, head_dim}));
  const Attention attention{1.0, context, {}};
  const auto out = append(graph, Op::attention, {qkv}, "a", attention);
  append(graph, Op::attention_gradient, {out[0], out[0], out[1], qkv}, "dqkv", attention);
  EXPECT_EQ(cost_of(graph, graph.nodes[3], 20).flops, 2.5 * cost_of(graph, graph.nodes[2], 20).flops);
  EXPECT_EQ(graph[graph.nodes[3].out[0]].shape, graph[qkv].shape);
}

TEST(Cost, BytesCountEachValueOnceInItsOwnType) {
  Graph graph;
  const ValueId x = graph.add({.name = "x", .dtype = DType::f64, .shape = {rows, 5}});
  const ValueId sum = graph.add(activation("sum", {rows})), dp = graph.add(activation("dp", {rows}));
  const ValueId targets = graph.add(indices("targets"));
  append(graph, Op::log_probability_gradient, {x, sum, targets, dp}, "dx");
  EXPECT_EQ(cost_of(graph, graph.nodes[0], 20).bytes, 20 * 5 * 8 + 20 * 4 + 20 * 4 + 20 * 4 + 20 * 5 * 8);
  append(graph, Op::log_probability, {x, sum, targets}, "p");
  EXPECT_EQ(cost_of(graph, graph.nodes[1], 20).bytes, 20 * 8 + 20 * 4 + 20 * 4 + 20 * 8);
}

TEST(Cost, OfAnEmbeddingIsThatOfTheRowsItTouches) {
  Graph graph;
  const ValueId table =
      graph.add({.name = "t", .role = Role::parameter, .dtype = DType::f64, .shape = {900, 5}});
  const ValueId tokens = graph.add(indices("tokens"));
  const ValueId x = append(graph, Op::embedding, {table, tokens}, "x").front();
  EXPECT_EQ(cost_of(graph, graph.nodes[0], 20).bytes, 20 * 4 + 2 * 20 * 5 * 8);
  const Node gradient{Op::embedding_gradient, {x, tokens, table}, {table}};
  EXPECT_EQ(cost_of(graph, gradient, 20).bytes, 20 * 4 + 3 * 20 * 5 * 8);
}

TEST(Cost, OfPositionsIsThatOfTheSampleAndNotOfTheContext) {
  Graph graph;
  const ValueId x = graph.add(activation("x", {rows, width})),
                table = graph.add(parameter("p", {900, width}));
  const ValueId y = append(graph, Op::add_position, {x, table}, "y").front();
  EXPECT_EQ(cost_of(graph, graph.nodes[0], 20).bytes, (2 * 20 + context) * width * 4);
  const Node gradient{Op::position_gradient, {y}, {table}};
  EXPECT_EQ(cost_of(graph, gradient, 20).bytes, (20 + context) * width * 4);
}

TEST(Cost, IsThatOfTheLocalShapes) {
  Graph graph;
  const ValueId x = graph.add(activation("x", {rows, width})), w = graph.add(parameter("w", {hidden, width}));
  append(graph, Op::linear, {x, w}, "y", Linear{});
  const std::vector<Shape> in = {{10, width}, {hidden - 3, width}}, out = {{10, hidden - 3}};
  EXPECT_EQ(cost({graph, graph.nodes[0], in, out, {}}).flops, 2.0 * 10 * width * (hidden - 3));
}

}  // namespace
}  // namespace heddle::graph
