// What stays the same through a step: values that depend on parameters alone.
#pragma once

#include <vector>

#include "heddle/graph/graph.hpp"

namespace heddle::passes {

/// True for parameters and what is made of nothing else. These are made once a step, not once a microbatch,
/// and since a sum of adjoints is the adjoint of the sum, their gradients pass back once a step as well.
inline std::vector<bool> step_invariant(const graph::Graph& graph) {
  std::vector<bool> invariant(graph.values.size(), false);
  for (std::size_t id = 0; id < graph.values.size(); ++id)
    invariant[id] = is_of_parameters(graph.values[id].role);
  for (const graph::Node& node : graph.nodes) {
    bool all = true;
    for (graph::ValueId id : node.in) all = all && invariant[id];
    for (graph::ValueId id : node.out)
      if (!is_of_parameters(graph.values[id].role)) invariant[id] = all;  // a step writes those
  }
  return invariant;
}

}  // namespace heddle::passes
