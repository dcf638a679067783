// Values and parameters with several uses: their cotangents and gradients are summed.
#include <gtest/gtest.h>

#include "heddle/passes/differentiate.hpp"
#include "layouts.hpp"

namespace heddle::passes {
namespace {

TEST(SeveralUses, ATiedTableOnOneStageSumsBothOfItsUses) {
  for (const maps::Grid& grid : {maps::Grid(), maps::Grid({2, 1, 2})}) {
    const Graph graph = parallelize(tests::small_gpt(), grid, ResidualStream::whole);
    const Program program = differentiate(partition(graph, {}).front());
    const ValueId table = tests::find(program.graph, "embedding.token");
    const auto trained = std::ranges::find(program.trained, table, &Trained::parameter);
    ASSERT_NE(trained, program.trained.end());
    ASSERT_EQ(trained->sums.size(), 1u);
    std::vector<Op> writers;
    for (const Node& node : program.graph.nodes)
      if (std::ranges::count(node.out, trained->sums[0])) writers.push_back(node.op);
    EXPECT_EQ(writers, (std::vector{Op::linear_weight_gradient, Op::embedding_gradient}));
  }
}

/// A table used as it lies and gathered: two sums over the microbatches, one gradient, final with
/// the later sum.
TEST(SeveralUses, AParameterWithTwoUsesHasOneGradient) {
  Graph model;
  const ValueId tokens =
      model.add({.name = "tokens", .role = Role::input, .dtype = DType::i32, .shape = {graph::rows}});
  const ValueId table = model.add({.name = "table", .role = Role::parameter, .shape = {8, 4}});
  const ValueId bias = model.add({.name = "bias", .role = Role::parameter, .shape = {4}});
  const ValueId x = append(model, Op::embedding, {table, tokens}, "x").front();
  const ValueId y = append(model, Op::bias_gelu, {x, bias}, "y").front();
  const ValueId z = append(model, Op::add_position, {y, table}, "z").front();
  model.outputs = append(model, Op::add, {z, z}, "next", {}, graph::BlockId(1));
  const Graph graph = parallelize(model, maps::Grid({1, 2, 2}), ResidualStream::split_rows);
  const Program program = differentiate(partition(graph, {1}).front());
  ASSERT_EQ(program.trained.size(), 2u);
  EXPECT_EQ(program.graph[program.trained[0].parameter].name, "bias");
  const Trained& trained = program.trained[1];
  EXPECT_EQ(program.graph[trained.parameter].name, "table");
  EXPECT_EQ(trained.sums.size(), 2u);
  EXPECT_EQ(program.graph[trained.gradient].layout, program.graph[trained.parameter].layout);
  const Node* sum = tests::maker(program.graph, trained.gradient);
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->op, Op::add);
  EXPECT_EQ(program.graph.nodes.back().phase, Phase::epilogue);
}

}  // namespace
}  // namespace heddle::passes
