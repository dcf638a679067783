// The law that every pass keeps: values lie as the nodes that make and use them say.
#pragma once

#include <gtest/gtest.h>

#include "../support/models.hpp"
#include "heddle/graph/ops.hpp"
#include "heddle/maps/grid.hpp"
#include "heddle/passes/parallelize.hpp"

namespace heddle::passes {

using graph::Graph;
using graph::Node;
using graph::Op;
using graph::Role;
using graph::ValueId;
using maps::Axis;
using maps::Map;
using maps::MapKind;

inline const std::vector<maps::Grid>& some_grids() {
  static const std::vector<maps::Grid> grids = {
      maps::Grid({1, 1, 1}), maps::Grid({2, 1, 1}), maps::Grid({1, 1, 2}), maps::Grid({1, 1, 4}),
      maps::Grid({3, 2, 1}), maps::Grid({1, 3, 2}), maps::Grid({2, 2, 2}), maps::Grid({2, 4, 4})};
  return grids;
}
inline const auto one_sample = graph::Extents::microbatch(1, 16);
inline constexpr ResidualStream both_streams[] = {ResidualStream::whole, ResidualStream::split_rows};

inline graph::AxisChoice choice(Axis axis, ResidualStream stream) {
  const bool rows_split = axis != Axis::tensor || stream == ResidualStream::split_rows;
  return {rows_split ? maps::split(0) : maps::whole, axis == Axis::tensor};
}

/// A map leads from its source to its target along its axes and changes nothing along the others.
inline void expect_typed_map(const Graph& graph, const Node& node, const Map& map) {
  const graph::Value &from = graph[node.in.front()], &to = graph[node.out.front()];
  EXPECT_EQ(from.shape, to.shape);
  for (Axis axis : maps::all_axes) {
    const maps::Part x = from.layout[axis], y = to.layout[axis];
    const bool moved = map.axes.contains(axis);
    EXPECT_EQ(x, moved ? maps::source(map) : y)
        << name(map) << " of " << from.name << " " << name(from.layout);
    EXPECT_EQ(y, moved ? maps::target(map) : x)
        << name(map) << " of " << from.name << " to " << name(to.layout);
  }
}

/// What a forward op reads lies as its rule needs it, and what it makes as the rule says. Rules see inputs
/// before they are converted; those of ops whose rule follows an input hold for the converted ones as well.
inline void expect_typed_op(const Graph& graph, const Node& node, const maps::Grid& grid,
                            ResidualStream stream) {
  for (Axis axis : maps::all_axes) {
    if (axis == Axis::pipeline || grid.extent(axis) == 1) continue;
    std::vector<maps::Part> parts;
    for (ValueId id : node.in) parts.push_back(graph[id].layout[axis]);
    const graph::AxisLayout rule = definition(node.op).layout(node, graph, parts, choice(axis, stream));
    for (std::size_t i = 0; i < node.in.size(); ++i)
      EXPECT_EQ(rule.in[i].value_or(parts[i]), parts[i])
          << graph::name(node.op) << " reads " << graph[node.in[i]].name << " "
          << name(graph[node.in[i]].layout);
    for (std::size_t i = 0; i < node.out.size(); ++i)
      EXPECT_EQ(rule.out[i], graph[node.out[i]].layout[axis])
          << graph::name(node.op) << " makes " << graph[node.out[i]].name << " "
          << name(graph[node.out[i]].layout);
  }
}

inline void expect_typed(const Graph& graph, const maps::Grid& grid, ResidualStream stream) {
  for (const Node& node : graph.nodes)
    if (const Map* map = tests::map_of(node))
      expect_typed_map(graph, node, *map);
    else if (definition(node.op).layout)
      expect_typed_op(graph, node, grid, stream);
}

}  // namespace heddle::passes
