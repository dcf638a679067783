#include "heddle/passes/partition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "heddle/graph/ops.hpp"
#include "heddle/maps/blocks.hpp"
#include "heddle/passes/invariant.hpp"

namespace heddle::passes {
namespace {

using graph::Graph;
using graph::Node;
using graph::Role;
using graph::ValueId;

std::vector<Shape> shapes_of(const Graph& graph, const std::vector<ValueId>& ids, std::int64_t rows) {
  std::vector<Shape> shapes;
  for (ValueId id : ids) shapes.push_back(graph::with_rows(graph[id].shape, rows));
  return shapes;
}

class Partitioner {
 public:
  Partitioner(const Graph& graph, const std::vector<int>& cuts)
      : graph_(graph), invariant_(step_invariant(graph)), maker_(graph.values.size(), -1), cuts_(cuts) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
      for (ValueId id : graph.nodes[i].out) maker_[id] = static_cast<int>(i);
    find_crossings();
  }

  Stage stage(int index) {
    Stage stage;
    local_.clear();
    if (index > 0)
      for (ValueId id : crossing_[index - 1]) stage.received.push_back(import(stage.graph, id, Role::input));
    for (const Node& node : graph_.nodes)
      if (stage_of(node.block) == index && !invariant_[node.out.front()]) copy(stage.graph, node);
    for (ValueId id : crossing_[index]) stage.sent.push_back(local_.at(id));
    for (ValueId id : graph_.outputs)
      if (local_.contains(id)) stage.graph.outputs.push_back(local_.at(id));
    return stage;
  }

 private:
  int stage_of(int block) const {
    return static_cast<int>(std::upper_bound(cuts_.begin(), cuts_.end(), block) - cuts_.begin());
  }

  void find_crossings() {
    std::vector<std::set<ValueId>> crossing(cuts_.size() + 1);
    for (const Node& node : graph_.nodes)
      for (ValueId id : node.in) {
        if (maker_[id] < 0 || invariant_[id]) continue;
        const int from = stage_of(graph_.nodes[maker_[id]].block), to = stage_of(node.block);
        for (int stage = from; stage < to; ++stage) crossing[stage].insert(id);
      }
    for (const auto& values : crossing) crossing_.emplace_back(values.begin(), values.end());
  }

  ValueId import(Graph& stage, ValueId id, Role role) {
    graph::Value value = graph_[id];
    value.role = role;
    return local_[id] = stage.add(value);
  }

  /// The stage's own copy of a value; what depends on parameters alone is made here, once.
  ValueId use(Graph& stage, ValueId id) {
    if (const auto known = local_.find(id); known != local_.end()) return known->second;
    if (maker_[id] < 0) return import(stage, id, graph_[id].role);
    HEDDLE_EXPECT(invariant_[id]);
    copy(stage, graph_.nodes[maker_[id]]);
    return local_.at(id);
  }

  void copy(Graph& stage, Node node) {
    for (ValueId& id : node.in) id = use(stage, id);
    for (ValueId& id : node.out) id = import(stage, id, graph_[id].role);
    stage.nodes.push_back(node);
  }

  const Graph& graph_;
  std::vector<bool> invariant_;
  std::vector<int> maker_;
  std::vector<int> cuts_;
  std::vector<std::vector<ValueId>> crossing_;
  std::map<ValueId, ValueId> local_;  // of the stage that is being made
};

}  // namespace

std::vector<int> balanced_cuts(const Graph& graph, int stages, std::int64_t rows) {
  constexpr double flops_per_byte =
      16;  // what a core multiplies while it moves a byte; only the balance hangs on it
  int blocks = 0;
  for (const Node& node : graph.nodes) blocks = std::max(blocks, node.block + 1);
  if (blocks < stages)
    throw Error(ExitCode::usage, fmt::format("{} stages are too many for {} blocks", stages, blocks));
  std::vector<double> costs(blocks, 0.0);
  const auto invariant = step_invariant(graph);
  for (const Node& node : graph.nodes) {
    if (invariant[node.out.front()]) continue;  // once a step
    const Cost cost =
        graph::cost(graph, node, shapes_of(graph, node.in, rows), shapes_of(graph, node.out, rows));
    costs[node.block] += cost.flops + flops_per_byte * cost.bytes;
  }
  std::vector<int> cuts;
  for (const maps::Block& stage : maps::min_max_split(costs, stages))
    cuts.push_back(static_cast<int>(stage.begin));
  cuts.erase(cuts.begin());
  return cuts;
}

std::vector<Stage> partition(const Graph& graph, const std::vector<int>& cuts) {
  Partitioner partitioner(graph, cuts);
  std::vector<Stage> stages;
  for (int index = 0; index <= static_cast<int>(cuts.size()); ++index)
    stages.push_back(partitioner.stage(index));
  return stages;
}

}  // namespace heddle::passes
