#include "heddle/passes/differentiate.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "heddle/graph/ops.hpp"
#include "heddle/passes/invariant.hpp"
#include "heddle/passes/narrow_sums.hpp"

namespace heddle::passes {
namespace {

using graph::Attributes;
using graph::Graph;
using graph::Node;
using graph::Op;
using graph::Role;
using graph::Value;
using graph::ValueId;

/// Writes the backward programs of a share behind its forward nodes.
class Differentiator : graph::AdjointWriter {
 public:
  explicit Differentiator(Program program)
      : program_(std::move(program)), graph_(program_.graph), invariant_(step_invariant(graph_)) {
    find_wanted();
  }

  Program run() {
    const std::size_t forward_nodes = graph_.nodes.size();
    for (Border& border : program_.borders)
      for (ValueId id : border.sent) {
        border.received_cotangents.push_back(like_dual(id, Role::input, "d."));
        add_to(id, border.received_cotangents.back());
      }
    differentiate_nodes(forward_nodes, false);
    for (Border& border : program_.borders)
      for (ValueId id : border.received) border.sent_cotangents.push_back(cotangents_.at(id));
    differentiate_nodes(forward_nodes, true);
    collect_trained();
    return std::move(program_);
  }

 private:
  /// Nodes in reverse, either those of every microbatch or those of the prologue.
  void differentiate_nodes(std::size_t forward_nodes, bool invariant) {
    for (std::size_t i = forward_nodes; i-- > 0;) {
      const Node node = graph_.nodes[i];  // a copy: the list grows
      const ValueId result = node.out.front();
      if (invariant_[result] != invariant || !definition(node.op).adjoint) continue;
      if (result != program_.loss && !cotangents_.contains(result)) continue;
      node_ = &node;
      definition(node.op).adjoint(node, *this);
      node_ = nullptr;
    }
  }

  /// The node just appended is of the same stage as the one that is being differentiated.
  void file_under(Phase phase) {
    graph_.nodes.back().phase = phase;
    graph_.nodes.back().stage = node_->stage;
  }

  /// What the adjoint of the tail makes is made with it.
  Phase phase(Phase usual) const { return node_ && node_->tail ? Phase::loss : usual; }

  ValueId cotangent() override { return cotangents_.at(node_->out.front()); }

  void contribute(int input, Op op, std::vector<ValueId> in, Attributes attributes) override {
    const ValueId primal = node_->in[input];
    if (!wanted_[primal]) return;
    const bool parameter = invariant_[primal];
    const ValueId result =
        append(graph_, op, std::move(in), "d." + graph_[primal].name, std::move(attributes), node_->block)
            .front();
    file_under(parameter ? Phase::epilogue : phase(Phase::backward_input));
    graph_[result].layout = dual(graph_[primal].layout);
    if (parameter) graph_[result].role = Role::gradient;
    add_to(primal, result);
  }

  void pass_on(int input, ValueId cotangent) override {
    if (wanted_[node_->in[input]]) add_to(node_->in[input], cotangent);
  }

  void accumulate(std::vector<int> inputs, Op op, std::vector<ValueId> in, Attributes attributes) override {
    Node node{op, std::move(in), {}, std::move(attributes), node_->block};
    for (int input : inputs) node.out.push_back(gradient_sum(node_->in[input]));
    graph_.nodes.push_back(std::move(node));
    file_under(phase(Phase::backward_weight));
  }

  ValueId emit(Op op, std::vector<ValueId> in, Attributes attributes) override {
    const ValueId result = append(graph_, op, std::move(in), "d." + std::string(name(node_->op)),
                                  std::move(attributes), node_->block)
                               .front();
    file_under(phase(Phase::backward_input));
    graph_[result].layout = dual(graph_[node_->out.front()].layout);
    return result;
  }

  /// Adds to the cotangent of a value; with several contributions they are summed.
  void add_to(ValueId primal, ValueId contribution) {
    const auto known = cotangents_.find(primal);
    if (known == cotangents_.end()) {
      cotangents_[primal] = contribution;
      return;
    }
    const ValueId sum =
        append(graph_, Op::add, {known->second, contribution}, "d." + graph_[primal].name, {}, node_->block)
            .front();
    file_under(invariant_[primal] ? Phase::epilogue : phase(Phase::backward_input));
    graph_[sum].layout = graph_[contribution].layout;
    graph_[sum].role = graph_[contribution].role == Role::gradient ? Role::gradient : Role::activation;
    known->second = sum;
  }

  /// The sum over the microbatches of the gradient of one use of a parameter; every node that names it
  /// adds to it.
  ValueId gradient_sum(ValueId use) {
    std::erase(final_order_, use);  // it is final with the last node that adds to it
    final_order_.push_back(use);
    if (const auto known = sums_.find(use); known != sums_.end()) return known->second;
    const ValueId sum = like_dual(use, Role::gradient, "d.");
    graph_[sum].dtype = compute_type(graph_[use].dtype);  // many terms
    sums_[use] = sum;
    add_to(use, sum);
    return sum;
  }

  ValueId like_dual(ValueId id, Role role, const std::string& prefix) {
    Value value = graph_[id];
    value.name = prefix + value.name;
    value.role = role;
    value.layout = dual(value.layout);
    return graph_.add(value);
  }

  /// Cotangents are wanted of what depends on a parameter or on what an earlier stage sent.
  void find_wanted() {
    wanted_ = invariant_;
    for (const Border& border : program_.borders)
      for (ValueId id : border.received) wanted_[id] = true;
    for (const Node& node : graph_.nodes)
      for (ValueId id : node.in)
        if (wanted_[id])
          for (ValueId out : node.out) wanted_[out] = true;
  }

  void collect_trained() {
    std::map<ValueId, Trained> by_parameter;
    std::vector<ValueId> order;
    for (ValueId use : final_order_) {
      const ValueId parameter = parameter_of(use);
      auto [entry, fresh] = by_parameter.try_emplace(
          parameter, Trained{.parameter = parameter, .sums = {}, .gradient = cotangents_.at(parameter)});
      entry->second.sums.push_back(sums_.at(use));
      // A parameter with several uses is final with its last one.
      if (!fresh) order.erase(std::find(order.begin(), order.end(), parameter));
      order.push_back(parameter);
    }
    for (ValueId parameter : order) program_.trained.push_back(by_parameter.at(parameter));
  }

  ValueId parameter_of(ValueId use) const {
    for (std::size_t i = 0; graph_[use].role != Role::parameter; ++i)
      if (graph_.nodes[i].out.front() == use) use = graph_.nodes[i].in.front(), i = -1;
    return use;
  }

  Program program_;
  Graph& graph_;
  std::vector<bool> invariant_, wanted_;
  std::map<ValueId, ValueId> cotangents_, sums_;  // of a value; of a use of a parameter
  std::vector<ValueId> final_order_;
  const Node* node_ = nullptr;
};

/// Prologue, forward, loss, backward, epilogue; the two parts of backward stay interleaved as they were
/// written, so that a whole B uses each cotangent up as soon as it is made.
int rank_of(Phase phase) {
  return phase == Phase::backward_weight ? static_cast<int>(Phase::backward_input) : static_cast<int>(phase);
}

/// A map of I goes before the nodes of W behind which it was written - none makes what it moves - so that
/// gradients of weights are computed while it is under way.
void start_maps_early(std::vector<Node>& nodes) {
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (std::size_t at = i; nodes[at].op == Op::map && nodes[at].phase == Phase::backward_input && at > 0 &&
                             nodes[at - 1].phase == Phase::backward_weight;
         --at)
      std::swap(nodes[at], nodes[at - 1]);
}

Program in_order(Program program) {
  std::ranges::stable_sort(program.graph.nodes, {}, [](const Node& node) { return rank_of(node.phase); });
  start_maps_early(program.graph.nodes);
  return program;
}

Program with_phases(const Share& share) {
  Program program;
  program.graph = share.graph;
  program.borders = share.borders;
  const auto invariant = step_invariant(share.graph);
  for (Node& node : program.graph.nodes)
    node.phase = invariant[node.out.front()] ? Phase::prologue : node.tail ? Phase::loss : Phase::forward;
  for (ValueId id : share.graph.outputs)
    if (share.graph[id].shape.rank() == 0) program.loss = id;
  return program;
}

}  // namespace

std::vector<Reduction> reductions(const Program& program) {
  std::vector<Reduction> found;
  for (std::size_t i = 0; i < program.graph.nodes.size(); ++i) {
    const Node& node = program.graph.nodes[i];
    const auto* map = std::get_if<maps::Map>(&node.attributes);
    const bool reduces = map && map->kind == maps::MapKind::sum_reduce && map->among.empty();
    if (node.phase != Phase::epilogue || !reduces) continue;
    const ValueId sum = node.in.front();
    if (std::ranges::any_of(program.trained,
                            [&](const Trained& t) { return std::ranges::count(t.sums, sum) > 0; }))
      found.push_back({sum, map->axes, static_cast<graph::NodeId>(i)});
  }
  return found;
}

Program forward_only(const Share& share) { return in_order(with_narrow_sums(with_phases(share))); }

Program differentiate(const Share& share) {
  return in_order(with_narrow_sums(Differentiator(with_phases(share)).run()));
}

}  // namespace heddle::passes
