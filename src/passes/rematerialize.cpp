#include "heddle/passes/rematerialize.hpp"

#include <algorithm>
#include <map>

#include "heddle/graph/ops.hpp"
#include "heddle/passes/invariant.hpp"

namespace heddle::passes {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

bool of_backward(Phase phase) { return phase == Phase::backward_input || phase == Phase::backward_weight; }

bool moves_nothing(const Node& node) {
  const auto* map = std::get_if<maps::Map>(&node.attributes);
  return map && !communicates(map->kind);
}

class Rematerializer {
 public:
  Rematerializer(Program program, const Recomputed& chosen)
      : program_(std::move(program)), chosen_(chosen), graph_(program_.graph) {
    nodes_ = std::move(graph_.nodes);
    phases_ = std::move(program_.phases);
    maker_.assign(graph_.values.size(), -1);
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (phases_[i] == Phase::forward)
        for (ValueId id : nodes_[i].out) maker_[id] = static_cast<int>(i);
    find_uses_of_input_gradients();
  }

  Program run() {
    graph_.nodes.clear();
    program_.phases.clear();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      Node node = nodes_[i];
      if (of_backward(phases_[i]))
        for (ValueId& id : node.in) id = again(id, node.stage);
      emit(std::move(node), phases_[i]);
    }
    return std::move(program_);
  }

 private:
  /// The node that makes the value anew; nothing where it is kept, unless it follows its input.
  std::optional<Node> recipe(ValueId id) const {
    if (maker_[id] < 0) return {};
    const Node& node = nodes_[maker_[id]];
    if (moves_nothing(node)) return node;
    const auto way = definition(node.op).again;
    if (!chosen_[maker_[id]] || !way || id != node.out.front()) return {};
    return way(node);
  }

  /// The value itself where it is kept, else what backward makes in its place, in the stage that reads it first.
  ValueId again(ValueId id, int stage) {
    if (const auto known = again_.find(id); known != again_.end()) return known->second;
    std::optional<Node> node = recipe(id);
    if (!node) return id;
    const std::vector<ValueId> kept = node->in;
    for (ValueId& in : node->in) in = again(in, stage);
    if (moves_nothing(*node) && node->in == kept) return again_[id] = id;
    graph::Value value = graph_[id];
    value.name = "again." + value.name;
    node->out = {graph_.add(value)};
    node->stage = stage;
    again_[id] = node->out.front();
    emit(*node, of_input_[id] ? Phase::backward_input : Phase::backward_weight);
    return again_[id];
  }

  /// What I reads, also by way of what is made anew for it.
  void find_uses_of_input_gradients() {
    of_input_.assign(graph_.values.size(), false);
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      if (phases_[i] == Phase::backward_input)
        for (ValueId id : nodes_[i].in) of_input_[id] = true;
      const ValueId made = nodes_[i].out.front();
      if (phases_[i] == Phase::forward && of_input_[made])
        if (const auto node = recipe(made))
          for (ValueId id : node->in) of_input_[id] = true;
    }
  }

  void emit(Node node, Phase phase) {
    graph_.nodes.push_back(std::move(node));
    program_.phases.push_back(phase);
  }

  Program program_;
  const Recomputed& chosen_;
  Graph& graph_;
  std::vector<Node> nodes_;
  std::vector<Phase> phases_;
  std::vector<int> maker_;  ///< the forward node that makes a value, -1 for none
  std::vector<bool> of_input_;
  std::map<ValueId, ValueId> again_;
};

}  // namespace

Recomputed cheap_nodes(const Program& program) {
  const auto& nodes = program.graph.nodes;
  std::vector<bool> there = step_invariant(program.graph);
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (of_backward(program.phases[i]))
      for (ValueId id : nodes[i].in) there[id] = true;
  Recomputed chosen(nodes.size(), false);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto again = definition(nodes[i].op).again;
    chosen[i] = program.phases[i] == Phase::forward && again &&
                std::ranges::all_of(again(nodes[i]).in, [&](ValueId id) { return there[id]; });
  }
  return chosen;
}

Program rematerialize(Program program, const Recomputed& chosen) {
  return Rematerializer(std::move(program), chosen).run();
}

}  // namespace heddle::passes
