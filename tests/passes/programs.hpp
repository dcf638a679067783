// What holds of every program, whatever a pass makes of it.
#pragma once

#include "heddle/passes/differentiate.hpp"
#include "layouts.hpp"

namespace heddle::passes {

inline std::ptrdiff_t count(const Graph& graph, Op op) {
  return std::ranges::count(graph.nodes, op, &Node::op);
}

/// Every node reads what is there, and phases follow each other as before.
inline void expect_in_order(const Program& program) {
  const Graph& graph = program.graph;
  std::vector<bool> known;
  for (const graph::Value& value : graph.values) known.push_back(value.role != Role::activation);
  for (const Border& border : program.borders)
    for (const ValueId id : border.received_cotangents) known[id] = true;
  Phase phase = Phase::prologue;
  for (const Node& node : graph.nodes) {
    for (const ValueId id : node.in) EXPECT_TRUE(known[id]) << graph[id].name;
    for (const ValueId id : node.out) known[id] = true;
    const bool backward = node.phase == Phase::backward_input || node.phase == Phase::backward_weight;
    EXPECT_GE(backward ? Phase::backward_weight : node.phase, phase) << graph[node.out.front()].name;
    phase = std::max(phase, backward ? Phase::backward_input : node.phase);
  }
}

}  // namespace heddle::passes
