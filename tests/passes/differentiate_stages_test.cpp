// Between the programs of stages: cotangents go back as values went forward.
#include <gtest/gtest.h>

#include "heddle/passes/differentiate.hpp"
#include "layouts.hpp"

namespace heddle::passes {
namespace {

TEST(Differentiate, StagesHandCotangentsBackAsTheyWereHandedForward) {
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
TEST(Differentiate, ACotangentTakesTheWayOfAValueThatSkipsStages) {
  Graph graph;
  const ValueId input = graph.add({.name = "input", .role = Role::input, .shape = {graph::rows, 4}});
  const ValueId bias = graph.add({.name = "bias", .role = Role::parameter, .shape = {4}});
  const auto gelu = [&](ValueId x, const char* name, int block) {
    return append(graph, Op::bias_gelu, {x, bias}, name, {}, graph::BlockId(block)).front();
  };
  const ValueId x = gelu(input, "x", 0), a = gelu(x, "a", 1), b = gelu(a, "b", 2);
  graph.outputs = append(graph, Op::add, {b, x}, "y", {}, graph::BlockId(3));
  const auto stages = partition(graph, {1, 2, 3});
  const Program relay = differentiate(stages[PipelineRank(2)]), user = differentiate(stages[PipelineRank(1)]);
  // Stage 2 does not use x: the cotangent passes through. Stage 1 does: it adds its own share.
  EXPECT_EQ(relay.borders[0].sent_cotangents[0], relay.borders[0].received_cotangents[0]);
  EXPECT_EQ(user.graph[user.borders[0].received[0]].name, "x");
  ASSERT_TRUE(tests::maker(user.graph, user.borders[0].sent_cotangents[0]));
  EXPECT_EQ(tests::maker(user.graph, user.borders[0].sent_cotangents[0])->op, Op::add);
}

}  // namespace
}  // namespace heddle::passes
