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
  Rematerializer(Program program, const Retentions& retentions)
      : program_(std::move(program)), retentions_(retentions), graph_(program_.graph) {
    nodes_ = std::move(graph_.nodes);
    maker_.assign(graph_.values.size(), -1);
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (nodes_[i].phase == Phase::forward)
        for (ValueId id : nodes_[i].out) maker_[id] = static_cast<int>(i);
    find_uses_of_input_gradients();
  }

  Program run() {
    graph_.nodes.clear();
    for (Node node : nodes_) {
      if (of_backward(node.phase))
        for (ValueId& id : node.in) id = recomputed(id, node.stage);
      graph_.nodes.push_back(std::move(node));
    }
    return std::move(program_);
  }

 private:
  /// The node that recomputes the value; nothing where it is kept, unless it follows its input.
  std::optional<Node> recipe(ValueId id) const {
    if (maker_[id] < 0) return {};
    const Node& node = nodes_[maker_[id]];
    if (retentions_[id] == Retention::recomputed || moves_nothing(node)) return node;
    if (retentions_[id] == Retention::saved) return {};
    Node brief = definition(node.op).recompute(node);
    brief.out = {id};
    return brief;
  }

  /// The value itself where it is kept, else what backward makes in its place, in the stage that
  /// reads it first.
  ValueId recomputed(ValueId id, Stage stage) {
    if (const auto known = recomputed_.find(id); known != recomputed_.end()) return known->second;
    std::optional<Node> node = recipe(id);
    if (!node) return id;
    const std::vector<ValueId> kept = node->in;
    for (ValueId& in : node->in) in = recomputed(in, stage);
    if (moves_nothing(*node) && node->in == kept) return recomputed_[id] = id;
    node->phase = reached(*node) ? Phase::backward_input : Phase::backward_weight;
    for (ValueId& out : node->out) out = replacement(out, id);
    node->stage = stage;
    node->recomputed = true;
    graph_.nodes.push_back(*node);
    return recomputed_.at(id);
  }

  /// A new value in the place of an output of the node that recomputes `wanted`. Nobody reads it where the
  /// old one is kept.
  ValueId replacement(ValueId out, ValueId wanted) {
    graph::Value value = graph_[out];
    value.name = "recomputed." + value.name;
    const ValueId made = graph_.add(value);
    if (out == wanted || retentions_[out] != Retention::saved) recomputed_[out] = made;
    return made;
  }

  bool reached(const Node& node) const {
    return std::ranges::any_of(node.out, [&](ValueId id) { return of_input_[id]; });
  }

  /// What I reads, also by way of what is recomputed for it.
  void find_uses_of_input_gradients() {
    of_input_.assign(graph_.values.size(), false);
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      if (nodes_[i].phase == Phase::backward_input)
        for (ValueId id : nodes_[i].in) of_input_[id] = true;
      if (nodes_[i].phase != Phase::forward) continue;
      for (ValueId out : nodes_[i].out)
        if (of_input_[out])
          if (const auto node = recipe(out))
            for (ValueId id : node->in) of_input_[id] = true;
    }
  }

  Program program_;
  const Retentions& retentions_;
  Graph& graph_;
  std::vector<Node> nodes_;
  std::vector<int> maker_;  ///< the forward node that makes a value, -1 for none
  std::vector<bool> of_input_;
  std::map<ValueId, ValueId> recomputed_;
};

/// What backward reads without recomputing anything, and what lives through the step.
std::vector<bool> read_by_backward(const Program& program) {
  std::vector<bool> read = step_invariant(program.graph);
  for (const Node& node : program.graph.nodes)
    if (of_backward(node.phase))
      for (ValueId id : node.in) read[id] = true;
  return read;
}

/// What leaves its block, or the stage: the inputs from which blocks are recomputed. What a map that moves
/// nothing makes lies in the memory of its input, which is there with it.
std::vector<bool> borders(const Program& program) {
  const auto& nodes = program.graph.nodes;
  std::vector<bool> leaves(program.graph.values.size(), false);
  std::vector<graph::BlockId> block(leaves.size(), graph::BlockId(-1));
  for (const Node& node : nodes)
    for (ValueId id : node.out) block[id] = node.block;
  for (const Node& node : nodes)
    if (node.phase == Phase::forward || node.phase == Phase::loss)
      for (ValueId id : node.in)
        if (block[id] != node.block) leaves[id] = true;
  for (ValueId id : program.graph.outputs) leaves[id] = true;
  for (const Border& border : program.borders)
    for (ValueId id : border.sent) leaves[id] = true;
  for (std::size_t i = nodes.size(); i-- > 0;)
    if (moves_nothing(nodes[i]) && leaves[nodes[i].out.front()]) leaves[nodes[i].in.front()] = true;
  return leaves;
}

}  // namespace

Retentions retentions(const Program& program, const ById<graph::BlockId, Recompute>& by_block) {
  const std::vector<bool> there = read_by_backward(program), leaves = borders(program);
  Retentions chosen(program.graph.values.size(), Retention::saved);
  for (const Node& node : program.graph.nodes) {
    if (node.phase != Phase::forward) continue;
    const bool listed = node.block >= 0 && node.block < static_cast<int>(by_block.size());
    const Recompute recompute = listed ? by_block[node.block] : Recompute::none;
    const auto recompute_op = definition(node.op).recompute;
    if (recompute == Recompute::block ||
        (recompute == Recompute::attention && node.op == graph::Op::attention)) {
      for (ValueId id : node.out) chosen[id] = leaves[id] ? Retention::saved : Retention::recomputed;
    } else if (recompute_op &&
               std::ranges::all_of(recompute_op(node).in, [&](ValueId id) { return there[id]; })) {
      chosen[node.out.front()] = Retention::cheap;
    }
  }
  return chosen;
}

Program rematerialize(Program program, const Retentions& retentions) {
  return Rematerializer(std::move(program), retentions).run();
}

}  // namespace heddle::passes
