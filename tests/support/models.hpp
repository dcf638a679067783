// Small GPTs, and how a test finds its way in a graph.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/base/error.hpp"
#include "heddle/model/build.hpp"

namespace heddle::tests {

inline deck::Model small_model(int layers = 2) {
  return {.layers = layers, .heads = 4, .width = 32, .context = 16, .vocabulary = 257, .dropout = 0.1};
}

inline graph::Graph small_gpt(int layers = 2) {
  return model::build(small_model(layers), model::Head::loss, DType::f32);
}

/// The first value of that name; maps keep the name of what they move.
inline graph::ValueId find(const graph::Graph& graph, std::string_view name) {
  const auto found = std::ranges::find(graph.values, name, &graph::Value::name);
  HEDDLE_EXPECT(found != graph.values.end());
  return static_cast<graph::ValueId>(found - graph.values.begin());
}

/// The node that makes a value; null for inputs and parameters.
inline const graph::Node* maker(const graph::Graph& graph, graph::ValueId id) {
  const auto found = std::ranges::find_if(
      graph.nodes, [&](const graph::Node& node) { return std::ranges::count(node.out, id) > 0; });
  return found == graph.nodes.end() ? nullptr : &*found;
}

inline const maps::Map* map_of(const graph::Node& node) { return std::get_if<maps::Map>(&node.attributes); }

inline std::vector<std::string> names(const graph::Graph& graph, const std::vector<graph::ValueId>& ids) {
  std::vector<std::string> all;
  for (graph::ValueId id : ids) all.push_back(graph[id].name);
  return all;
}

inline std::vector<graph::ValueId> parameters(const graph::Graph& graph) {
  std::vector<graph::ValueId> all;
  for (std::size_t id = 0; id < graph.values.size(); ++id)
    if (graph.values[id].role == graph::Role::parameter) all.push_back(static_cast<graph::ValueId>(id));
  return all;
}

}  // namespace heddle::tests
