#include "heddle/graph/graph.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "heddle/graph/ops.hpp"

namespace heddle::graph {

std::vector<ValueId> append(Graph& graph, Op op, std::vector<ValueId> in, const std::string& name,
                            Attributes attributes, BlockId block) {
  Node node{op, std::move(in), {}, std::move(attributes), block};
  const std::vector<DType> types = output_types(graph, node);
  for (const Shape& shape : definition(op).shape(graph, node)) {
    const std::size_t index = node.out.size();
    const std::string suffix = index == 0 ? "" : fmt::format(".{}", index);
    node.out.push_back(graph.add({.name = name + suffix, .dtype = types[index], .shape = shape}));
  }
  if (block >= static_cast<int>(graph.blocks.size()))
    graph.blocks.resize(static_cast<std::size_t>(block + 1));
  graph.nodes.push_back(node);
  return node.out;
}

std::vector<BlockId> blocks_of(const Graph& graph, Block::Kind kind) {
  std::vector<BlockId> found;
  for (const BlockId id : graph.blocks.ids())
    if (graph.blocks[id].kind == kind) found.push_back(id);
  return found;
}

namespace {

std::string text(const Value& value) {
  std::vector<std::string> extents;
  for (auto extent : value.shape) extents.push_back(extent_text(extent));
  return fmt::format("{} [{}] {} {}", value.name, fmt::join(extents, ", "), name(value.dtype),
                     name(value.layout));
}

std::vector<std::string> references(const std::vector<ValueId>& ids) {
  std::vector<std::string> names;
  for (ValueId id : ids) names.push_back(fmt::format("%{}", id));
  return names;
}

std::string call(const Node& node) {
  const auto* linear = std::get_if<Linear>(&node.attributes);
  if (linear && linear->rounding != Rounding::none)
    return fmt::format("{}({})", name(node.op), name(linear->rounding));
  return name(node);
}

}  // namespace

std::string name(const Node& node) {
  const auto* map = std::get_if<maps::Map>(&node.attributes);
  return map ? maps::name(*map) : std::string(name(node.op));
}

std::string text(const Graph& graph) {
  std::string out;
  for (const Node& node : graph.nodes)
    out += fmt::format("{} {} = {}({})\n", fmt::join(references(node.out), ", "),
                       text(graph[node.out.front()]), call(node), fmt::join(references(node.in), ", "));
  return out;
}

}  // namespace heddle::graph
