// Values and parameters with several uses, on one stage or on many: their cotangents and
// gradients are summed.
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

TEST(SeveralUses, StagesHandCotangentsBackAsTheyWereHandedForward) {
  const Graph graph = parallelize(tests::small_gpt(4), maps::Grid({2, 3, 2}), ResidualStream::split_rows);
  std::vector<Program> programs;
  for (const Share& stage : partition(graph, {2, 4})) programs.push_back(differentiate(stage));
  for (std::size_t i = 0; i + 1 < programs.size(); ++i) {
    const Program &before = programs[i], &after = programs[i + 1];
    ASSERT_EQ(before.borders[0].received_cotangents.size(), after.borders[0].sent_cotangents.size());
    for (std::size_t k = 0; k < before.borders[0].received_cotangents.size(); ++k) {
      const graph::Value &received = before.graph[before.borders[0].received_cotangents[k]],
                         &sent = after.graph[after.borders[0].sent_cotangents[k]];
      EXPECT_EQ(received.layout, sent.layout);
      EXPECT_EQ(received.shape, sent.shape);
    }
    EXPECT_EQ(before.loss, -1);
  }
  EXPECT_GE(programs.back().loss, 0);
  EXPECT_TRUE(programs.front().borders[0].sent_cotangents.empty());
  EXPECT_TRUE(programs.back().borders[0].received_cotangents.empty());
}

/// x -> a -> b, and x is added to b two stages later: its cotangent comes back along the same way.
TEST(SeveralUses, ACotangentTakesTheWayOfAValueThatSkipsStages) {
  Graph graph;
  const ValueId input = graph.add({.name = "input", .role = Role::input, .shape = {graph::rows, 4}});
  const ValueId bias = graph.add({.name = "bias", .role = Role::parameter, .shape = {4}});
  const auto gelu = [&](ValueId x, const char* name, int block) {
    return append(graph, Op::bias_gelu, {x, bias}, name, {}, block).front();
  };
  const ValueId x = gelu(input, "x", 0), a = gelu(x, "a", 1), b = gelu(a, "b", 2);
  graph.outputs = append(graph, Op::add, {b, x}, "y", {}, 3);
  const auto stages = partition(graph, {1, 2, 3});
  const Program relay = differentiate(stages[2]), user = differentiate(stages[1]);
  // Stage 2 does not use x: the cotangent passes through. Stage 1 does: it adds its own share.
  EXPECT_EQ(relay.borders[0].sent_cotangents[0], relay.borders[0].received_cotangents[0]);
  EXPECT_EQ(user.graph[user.borders[0].received[0]].name, "x");
  ASSERT_TRUE(tests::maker(user.graph, user.borders[0].sent_cotangents[0]));
  EXPECT_EQ(tests::maker(user.graph, user.borders[0].sent_cotangents[0])->op, Op::add);
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
  model.outputs = append(model, Op::add, {z, z}, "next", {}, 1);
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
