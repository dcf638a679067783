// A graph as a person reads it.
#include <gtest/gtest.h>

#include "samples.hpp"

namespace heddle::graph {
namespace {

TEST(Text, OneLineANode) {
  Graph graph;
  const ValueId x = graph.add(activation("x", {rows, width}));
  const ValueId w = graph.add(parameter("w", {width})), b = graph.add(parameter("b", {width}));
  const auto norm = append(graph, Op::layer_norm, {x, w, b}, "norm", Norm{});
  graph[norm[0]].layout[maps::Axis::data] = maps::split(0);
  append(graph, Op::map, {norm[0]}, "norm", maps::Map{maps::MapKind::broadcast, maps::Axis::tensor});
  EXPECT_EQ(text(graph),
            "%3, %4, %5 norm [rows, 12] fp32 [data split(0)] = layer_norm(%0, %1, %2)\n"
            "%6 norm [rows, 12] fp32 [] = broadcast(tensor)(%3)\n");
  EXPECT_EQ(graph[norm[1]].name, "norm.1");
  EXPECT_EQ(graph[norm[2]].name, "norm.2");
}

TEST(Text, OfNothingIsNothing) { EXPECT_EQ(text(Graph{}), ""); }

}  // namespace
}  // namespace heddle::graph
