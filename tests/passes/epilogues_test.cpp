// Biases and gelu's slopes go into products where numbers are bf16, and whatever a pass keeps is kept.
#include "heddle/passes/epilogues.hpp"

#include <gtest/gtest.h>

#include "heddle/passes/number_types.hpp"
#include "heddle/passes/rematerialize.hpp"
#include "programs.hpp"

namespace heddle::passes {
namespace {

constexpr int layers = 2;

Graph typed(const maps::Grid& grid, ResidualStream stream, Precision precision) {
  return with_types(parallelize(tests::small_gpt(layers), grid, stream), precision);
}

TEST(Epilogues, AreOfBf16Alone) {
  for (const Precision precision : {Precision::fp32, Precision::tf32}) {
    const Graph graph = typed(maps::Grid(), ResidualStream::whole, precision);
    EXPECT_EQ(text(with_biases_in_products(graph)), text(graph));
  }
}

TEST(Epilogues, ABiasMovesFromGeluIntoTheProductBeforeIt) {
  for (const maps::Grid& grid : some_grids())
    for (const ResidualStream stream : both_streams) {
      const Graph graph = with_biases_in_products(typed(grid, stream, Precision::bf16));
      EXPECT_EQ(count(graph, Op::bias_gelu), layers);
      for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const Node& node = graph.nodes[i];
        if (node.op != Op::bias_gelu) continue;
        EXPECT_EQ(node.in.size(), 1U);
        EXPECT_EQ(graph.nodes[i - 1].out, node.in);
        EXPECT_TRUE(graph[graph.nodes[i - 1].in.at(2)].name.ends_with("up.bias"));
      }
      check_types(graph);
      expect_typed(graph, grid, stream);
    }
}

TEST(Epilogues, GelusSlopeGoesIntoTheProductBeforeItWhateverIsRecomputed) {
  for (const maps::Grid& grid : some_grids())
    for (const Recompute recompute : {Recompute::none, Recompute::attention, Recompute::block}) {
      const Graph graph = with_biases_in_products(typed(grid, ResidualStream::whole, Precision::bf16));
      for (const Share& share : partition(graph, {1})) {
        const Program plain = differentiate(share);
        const ById<graph::BlockId, Recompute> by_block(graph.blocks.size(), recompute);
        const Program before = rematerialize(plain, retentions(plain, by_block));
        const Program after = with_gelu_slopes_in_products(before);
        EXPECT_EQ(count(after.graph, Op::bias_gelu_gradient), 0);
        EXPECT_EQ(count(after.graph, Op::linear_gelu_gradient), count(before.graph, Op::bias_gelu_gradient));
        EXPECT_EQ(
            after.graph.nodes.size() + static_cast<std::size_t>(count(after.graph, Op::linear_gelu_gradient)),
            before.graph.nodes.size());
        for (const Node& node : after.graph.nodes)
          if (node.op == Op::linear_gelu_gradient) {
            EXPECT_EQ(node.phase, Phase::backward_input);
          }
        check_types(after.graph);
        expect_in_order(after);
      }
    }
}

/// Its sum must be there without the bias for the other one.
TEST(Epilogues, ABiasStaysWhereSomebodyElseReadsTheProduct) {
  Graph graph = typed(maps::Grid(), ResidualStream::whole, Precision::bf16);
  const auto product = std::ranges::find_if(
      graph.nodes, [&](const Node& node) { return graph[node.out.front()].name == "layers.0.mlp.up"; });
  ASSERT_NE(product, graph.nodes.end());
  graph.outputs.push_back(product->out.front());
  const Graph after = with_biases_in_products(graph);
  std::vector<std::size_t> inputs;
  for (const Node& node : after.nodes)
    if (node.op == Op::bias_gelu) inputs.push_back(node.in.size());
  EXPECT_EQ(inputs, (std::vector<std::size_t>{2, 1}));
}

}  // namespace
}  // namespace heddle::passes
