// GPT-2 as published: its parameters by name, shape and start, its size, and its tied head.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "../support/ids.hpp"
#include "../support/models.hpp"
#include "heddle/graph/ops.hpp"
#include "heddle/model/count.hpp"

namespace heddle::model {
namespace {

using graph::Graph;
using graph::Initial;
using graph::Op;

const deck::Model gpt2_124m = {
    .layers = 12, .heads = 12, .width = 768, .context = 1024, .vocabulary = 50257, .dropout = 0.1};

Count count_of(const deck::Model& model, const Graph& graph) {
  return model::count(model, /*batch=*/480, model.context, graph);
}

std::map<std::string, Shape> parameter_shapes(const Graph& graph) {
  std::map<std::string, Shape> shapes;
  for (graph::ValueId id : tests::parameters(graph))
    EXPECT_TRUE(shapes.emplace(graph[id].name, graph[id].shape).second);
  return shapes;
}

TEST(Gpt2, ParametersByNameAndShape) {
  const std::map<std::string, Shape> expected = {
      {"embedding.token", {257, 32}},
      {"embedding.position", {16, 32}},
      {"layers.0.norm1.weight", {32}},
      {"layers.0.norm1.bias", {32}},
      {"layers.0.attention.qkv.weight", {3, 4, 8, 32}},
      {"layers.0.attention.qkv.bias", {3, 4, 8}},
      {"layers.0.attention.out.weight", {32, 4, 8}},
      {"layers.0.attention.out.bias", {32}},
      {"layers.0.norm2.weight", {32}},
      {"layers.0.norm2.bias", {32}},
      {"layers.0.mlp.up.weight", {128, 32}},
      {"layers.0.mlp.up.bias", {128}},
      {"layers.0.mlp.down.weight", {32, 128}},
      {"layers.0.mlp.down.bias", {32}},
      {"norm.weight", {32}},
      {"norm.bias", {32}},
  };
  EXPECT_EQ(parameter_shapes(tests::small_gpt(1)), expected);
}

TEST(Gpt2, HasThePublishedNumberOfParameters) {
  const Count count = count_of(gpt2_124m, build(gpt2_124m, Head::loss, DType::f32));
  EXPECT_EQ(count.parameters, 124439808);
  EXPECT_EQ(count.embedding_parameters, (50257 + 1024) * 768);
}

TEST(Gpt2, FlopsAreSixForEachParameterAndCausalAttention) {
  const Count count = count_of(gpt2_124m, build(gpt2_124m, Head::loss, DType::f32));
  EXPECT_EQ(count.flops_per_step, 491520.0 * (6.0 * 124439808 + 6.0 * 12 * 1024 * 768));
  EXPECT_EQ(count.formula,
            "491520 tokens x (6 x 124439808 parameters + 6 x 12 layers x 1024 tokens x 768 width)");
}

/// Three times the forward pass of the graph (once and twice backwards) is what the formula says, but for
/// what is not a matrix product and for T + 1 in the place of T.
TEST(Gpt2, TheFormulaAgreesWithTheGraphsCosts) {
  const Graph graph = build(gpt2_124m, Head::loss, DType::f32);
  double flops = 0;
  const auto extents = graph::Extents::microbatch(480, 1024);
  for (const graph::Node& node : graph.nodes)
    if (node.op == Op::linear || node.op == Op::attention) flops += graph::cost(graph, node, extents).flops;
  const double expected = count_of(gpt2_124m, graph).flops_per_step;
  EXPECT_NEAR(3 * flops / expected, 1.0, 0.01);
}

TEST(Gpt2, TheHeadIsTheTokenTable) {
  const Graph graph = tests::small_gpt();
  const graph::ValueId table = tests::find(graph, "embedding.token");
  std::vector<Op> users;
  for (const graph::Node& node : graph.nodes)
    if (std::ranges::count(node.in, table)) users.push_back(node.op);
  EXPECT_EQ(users, (std::vector{Op::embedding, Op::linear}));
}

TEST(Gpt2, ResidualBranchesStartSmaller) {
  const Graph graph = tests::small_gpt(8);
  for (graph::ValueId id : tests::parameters(graph)) {
    const graph::Value& p = graph[id];
    const auto ends = [&](const char* end) { return p.name.ends_with(end); };
    const bool branch = ends("attention.out.weight") || ends("mlp.down.weight");
    const bool norm = p.name.find("norm") != std::string::npos;
    if (p.shape.rank() == 1 || ends("bias")) {
      EXPECT_EQ(p.initial.kind, Initial::Kind::constant) << p.name;
      EXPECT_EQ(p.initial.value, norm && ends("weight") ? 1.0 : 0.0) << p.name;
      EXPECT_FALSE(p.initial.decay) << p.name;
    } else {
      EXPECT_EQ(p.initial.kind, Initial::Kind::normal) << p.name;
      EXPECT_DOUBLE_EQ(p.initial.value, branch ? 0.02 / 4 : 0.02) << p.name;  // 4 = sqrt(2 x 8 layers)
      EXPECT_TRUE(p.initial.decay) << p.name;
    }
  }
}

TEST(Gpt2, EveryMaskHasAKeyOfItsOwn) {
  std::multiset<std::string> keys;
  for (const graph::Node& node : tests::small_gpt(2).nodes) {
    if (const auto* dropout = std::get_if<graph::Dropout>(&node.attributes)) keys.insert(dropout->key);
    if (const auto* attention = std::get_if<graph::Attention>(&node.attributes))
      keys.insert(attention->dropout.key);
  }
  EXPECT_EQ(keys, (std::multiset<std::string>{"embedding.dropout", "layers.0.attention.dropout",
                                              "layers.0.attention.out.dropout", "layers.0.mlp.down.dropout",
                                              "layers.1.attention.dropout", "layers.1.attention.out.dropout",
                                              "layers.1.mlp.down.dropout"}));
}

TEST(Gpt2, WithoutDropoutTheEmbeddingIsNotMasked) {
  deck::Model model = tests::small_model();
  model.dropout = 0;
  for (const graph::Node& node : build(model, Head::loss, DType::f32).nodes) EXPECT_NE(node.op, Op::dropout);
}

TEST(Gpt2, BlocksAreTheEmbeddingTheLayersAndTheHead) {
  const Graph graph = tests::small_gpt(3);
  const auto block = [&](const char* value) { return tests::maker(graph, tests::find(graph, value))->block; };
  EXPECT_EQ(block("embedding.dropout"), 0);
  EXPECT_EQ(block("layers.0.norm1"), 1);
  EXPECT_EQ(block("layers.2.mlp.down.residual"), 3);
  EXPECT_EQ(block("norm"), 4);
  EXPECT_EQ(block("loss"), 4);
  EXPECT_TRUE(std::ranges::is_sorted(graph.nodes, {}, &graph::Node::block));

  using Kind = graph::Block::Kind;
  EXPECT_EQ(graph::blocks_of(graph, Kind::embedding), (tests::ids<graph::BlockId>({0})));
  EXPECT_EQ(graph::blocks_of(graph, Kind::layer), (tests::ids<graph::BlockId>({1, 2, 3})));
  EXPECT_EQ(graph::blocks_of(graph, Kind::head), (tests::ids<graph::BlockId>({4})));
  EXPECT_EQ(graph.blocks[graph::BlockId(3)].name, "layers.2");
}

TEST(Gpt2, AParameterBelongsToTheBlockThatItIsNamedAfter) {
  const Graph graph = tests::small_gpt(2);
  for (const graph::ValueId id : tests::parameters(graph)) {
    const graph::Block& block = graph.blocks[graph[id].block];
    const bool head = block.kind == graph::Block::Kind::head;
    EXPECT_TRUE(graph[id].name.starts_with(head ? "norm." : block.name + ".")) << graph[id].name;
  }
}

TEST(Gpt2, EndsInTheLossOrInLogits) {
  const Graph loss = build(tests::small_model(), Head::loss, DType::f64);
  ASSERT_EQ(loss.outputs.size(), 1u);
  EXPECT_EQ(loss[loss.outputs[0]].shape, Shape{});
  const Graph logits = build(tests::small_model(), Head::logits, DType::f64);
  ASSERT_EQ(logits.outputs.size(), 1u);
  EXPECT_EQ(logits[logits.outputs[0]].shape, (Shape{graph::rows, 257}));
  EXPECT_EQ(std::ranges::count(logits.values, "targets", &graph::Value::name), 0);
}

TEST(Gpt2, AttentionIsScaledByTheRootOfTheHeadsWidth) {
  for (const graph::Node& node : build(gpt2_124m, Head::loss, DType::f32).nodes)
    if (node.op == Op::attention) {
      EXPECT_DOUBLE_EQ(std::get<graph::Attention>(node.attributes).scale, 1.0 / 8);
    }
}

}  // namespace
}  // namespace heddle::model
