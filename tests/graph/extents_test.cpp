// Names of extents, what they are bound to, and a new one: an op of the test's own that makes
// patches of rows.
#include "heddle/graph/extents.hpp"

#include <gtest/gtest.h>

#include "samples.hpp"

namespace heddle::graph {
namespace {

constexpr std::int64_t patches = extent("patches");

TEST(Extents, AreReadAsTheirNames) {
  EXPECT_EQ(extent_text(rows), "rows");
  EXPECT_EQ(extent_text(samples), "samples");
  EXPECT_EQ(extent_text(sequence), "sequence");
  EXPECT_EQ(extent_text(patches), "patches");
  EXPECT_EQ(extent_text(extent("ninechars")), "ninechars");
  EXPECT_EQ(extent_text(0), "0");
  EXPECT_EQ(extent_text(64), "64");
  EXPECT_THROW(extent("tenletters"), Error);
}

TEST(Extents, RowsAreTheTokensOfAllSamples) {
  const Extents extents = Extents::microbatch(3, 16);
  EXPECT_EQ(extents[samples], 3);
  EXPECT_EQ(extents[sequence], 16);
  EXPECT_EQ(extents[rows], 48);
  EXPECT_EQ(resolve({rows, 5, samples}, extents), (Shape{48, 5, 3}));
  EXPECT_EQ(resolve({7, 5}, extents), (Shape{7, 5}));
}

TEST(Extents, ANameIsBoundOnceAndBeforeItIsAskedFor) {
  const Extents extents = Extents::microbatch(3, 16);
  EXPECT_THROW(extents[patches], Error);
  EXPECT_THROW(resolve({patches}, extents), Error);
  EXPECT_THROW(extents.with(rows, 3), Error);
  EXPECT_EQ(extents.with(patches, 12)[patches], 12);
}

std::vector<Shape> patch_shape(const Graph& graph, const Node& node) {
  return {Shape{patches, graph[node.in[0]].shape[1]}};
}
/// Each patch has a sum over its rows, and there are as many rows to a patch as a sample has to its patches.
double patch_flops(const NodeCall& call) {
  return static_cast<double>(call.in[0].count()) +
         static_cast<double>(call.out[0].count() * call.extents[sequence] / call.extents[patches]);
}
const OpDefinition patch_op = {.types = {"s", "s"}, .shape = patch_shape, .flops = patch_flops};

TEST(Extents, AnOpWithANewOneNeedsNothingButItsDefinition) {
  Graph graph;
  const ValueId x = graph.add(activation("x", {rows, width})), w = graph.add(parameter("w", {hidden, width}));
  Node node{.op = Op::map, .in = {x}, .out = {}};
  const ValueId y = graph.add({.name = "y", .shape = patch_op.shape(graph, node).front()});
  const Extents extents = Extents::microbatch(3, 16).with(patches, 8);
  const std::vector<Shape> in = {resolve(graph[x].shape, extents)}, out = {resolve(graph[y].shape, extents)};
  EXPECT_EQ(patch_op.flops({graph, node, in, out, extents}), 48 * width + 8 * width * 16 / 8);

  append(graph, Op::linear, {y, w}, "z", Linear{});  // ops that are there take it as they take rows
  EXPECT_EQ(text(graph), "%3 z [patches, 5] fp32 [] = linear(%2, %1)\n");
  EXPECT_EQ(cost(graph, graph.nodes.front(), extents).flops, 2.0 * 8 * width * hidden);
}

}  // namespace
}  // namespace heddle::graph
