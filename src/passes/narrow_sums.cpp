#include "heddle/passes/narrow_sums.hpp"

#include <utility>
#include <vector>

#include "heddle/graph/ops.hpp"

namespace heddle::passes {
namespace {

using graph::Node;
using graph::ValueId;
using maps::Axis;
using maps::Map;
using maps::MapKind;

constexpr int dim = 0;  // rows

class Splitter {
 public:
  explicit Splitter(Program program) : program_(std::move(program)) {}

  Program run() {
    const std::vector<Node> nodes = std::move(program_.graph.nodes);
    program_.graph.nodes.clear();
    for (const Node& node : nodes)
      if (is_narrow_sum(node))
        split(node);
      else
        program_.graph.nodes.push_back(node);
    return std::move(program_);
  }

 private:
  bool is_narrow_sum(const Node& node) const {
    const auto* map = std::get_if<Map>(&node.attributes);
    return map && (map->kind == MapKind::sum_reduce || map->kind == MapKind::all_sum_reduce) &&
           program_.graph[node.in.front()].dtype == DType::bf16;
  }

  /// Along several axes the blocks are nested: cut along one after the other, and put together in reverse.
  void split(const Node& sum) {
    const Map& map = std::get<Map>(sum.attributes);
    const MapKind gather = map.kind == MapKind::sum_reduce ? MapKind::gather : MapKind::all_gather;
    std::vector<Axis> axes;
    for (const Axis axis : maps::all_axes)
      if (map.axes.contains(axis)) axes.push_back(axis);
    ValueId id = sum.in.front();
    for (const Axis axis : axes) id = apply({MapKind::reduce_scatter, axis, dim}, id, sum);
    for (std::size_t i = axes.size(); i-- > 1;) id = apply({gather, axes[i], dim}, id, sum);
    Node last = sum;
    last.in = {id};
    last.attributes = Map{gather, axes.front(), dim};
    program_.graph.nodes.push_back(std::move(last));
  }

  ValueId apply(const Map& map, ValueId in, const Node& sum) {
    graph::Graph& graph = program_.graph;
    graph::Value value = graph[in];
    value.role = graph::Role::activation;
    for (const Axis axis : maps::all_axes)
      if (map.axes.contains(axis)) value.layout[axis] = maps::target(map);
    Node node = sum;
    node.in = {in};
    node.out = {graph.add(std::move(value))};
    node.attributes = map;
    graph.nodes.push_back(node);
    return node.out.front();
  }

  Program program_;
};

}  // namespace

Program with_narrow_sums(Program program) { return Splitter(std::move(program)).run(); }

}  // namespace heddle::passes
