// A rank's row walked through as the loop would do it - receives posted early, sends under way as long as
// they may be - where every byte carries the name of the value and microbatch that wrote it last.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>

#include "heddle/graph/ops.hpp"
#include "heddle/maps/local.hpp"
#include "heddle/passes/loss_tail.hpp"
#include "heddle/schedule/memory_plan.hpp"

namespace heddle::schedule {

using graph::Op;
using graph::Role;
using graph::ValueId;
using passes::Phase;

/// The head of a language model, a block of its own, and its loss.
inline void append_loss(graph::Graph& g, ValueId x, ValueId table, ValueId targets, graph::BlockId head) {
  const std::size_t trunk = g.nodes.size();
  const ValueId logits = append(g, Op::linear, {x, table}, "logits", graph::Linear{}, head)[0];
  const ValueId sum = append(g, Op::log_sum_exp, {logits}, "sum", {}, head)[0];
  const ValueId p = append(g, Op::log_probability, {logits, sum, targets}, "log_probability", {}, head)[0];
  g.outputs = append(g, Op::nll, {p}, "loss", {}, head);
  for (std::size_t i = trunk; i < g.nodes.size(); ++i) g.nodes[i].tail = true;
}

/// Six layers of ops with all that makes memory hard: residuals, in-place candidates, dropout, a tied table,
/// a value that skips layers.
inline graph::Graph toy_model() {
  graph::Graph g;
  const auto parameter = [&](const char* name, Shape shape) {
    return g.add({.name = name, .role = Role::parameter, .shape = shape});
  };
  const auto input = [&](const char* name) {
    return g.add({.name = name, .role = Role::input, .dtype = DType::i32, .shape = {graph::rows}});
  };
  const ValueId tokens = input("tokens"), targets = input("targets"), table = parameter("table", {50, 8});
  ValueId x = append(g, Op::embedding, {table, tokens}, "x")[0];
  const ValueId first = x;
  for (int layer = 0; layer < 6; ++layer) {
    const std::string p = fmt::format("{}.", layer);
    const graph::BlockId block(layer + 1);
    const ValueId w = parameter((p + "w").c_str(), {8}), b = parameter((p + "b").c_str(), {8});
    const ValueId up = parameter((p + "up").c_str(), {32, 8}), up_b = parameter((p + "up_b").c_str(), {32});
    const ValueId down = parameter((p + "down").c_str(), {8, 32}),
                  down_b = parameter((p + "down_b").c_str(), {8});
    const ValueId y = append(g, Op::layer_norm, {x, w, b}, p + "y", graph::Norm{}, block)[0];
    const ValueId h = append(g, Op::linear, {y, up}, p + "h", graph::Linear{}, block)[0];
    const ValueId a = append(g, Op::bias_gelu, {h, up_b}, p + "a", {}, block)[0];
    const ValueId z = append(g, Op::linear, {a, down}, p + "z", graph::Linear{}, block)[0];
    x = append(g, Op::residual, {x, z, down_b}, p + "x", graph::Dropout{layer % 2 * 0.1, p}, block)[0];
    if (layer == 4) x = append(g, Op::add, {x, first}, "skip", {}, block)[0];
  }
  append_loss(g, x, table, targets, graph::BlockId(7));
  return g;
}

/// Walks one rank's row.
class Walk {
 public:
  Walk(const PlanInput& input, const MemoryPlan& plan)
      : in_(input), plan_(plan), graph_(input.program.graph) {
    // A map that moves nothing gives its output the contents of its input.
    for (std::size_t id = 0; id < graph_.values.size(); ++id) contents_.push_back(static_cast<ValueId>(id));
    for (const graph::Node& node : graph_.nodes)
      if (const auto* map = std::get_if<maps::Map>(&node.attributes);
          map && (map->kind == maps::MapKind::broadcast || map->kind == maps::MapKind::identity))
        contents_[node.out[0]] = contents_[node.in[0]];
  }

  /// In the order that the loop takes on a machine where what is not for this rank to say is ready by chance.
  void run(const Schedule& schedule, PipelineRank rank) {
    ByChance machine(*this);
    Interpreter loop(schedule, rank, machine, in_.lookahead);
    while (loop.advance() != Advance::done) {
    }
    while (!under_way_.empty()) leave(under_way_.begin());
    for (ValueId sum : sums_) demand(sum, shared, "the epilogue");
  }

 private:
  class ByChance final : public Machine {
   public:
    explicit ByChance(Walk& walk) : walk_(&walk) {}
    bool ready(const Action&) override { return random_() % 3 == 0; }
    void start(const Action& action) override {
      if (is_receive(action.kind)) walk_->write(action);
    }
    Event finish(const Action& action) override {
      if (is_send(action.kind)) walk_->send(action);
      if (is_compute(action.kind)) walk_->compute(action);
      return {action, 0, 0};
    }

   private:
    Walk* walk_;
    std::mt19937 random_{7};
  };

  static constexpr int shared = -1;

  /// Held bytes belong to a value of a microbatch; `shared` is for what all have in common.
  using Holder = std::pair<ValueId, int>;

  /// Where the value lies, or the rows of a chunk of it: what has memory for a chunk alone holds one
  /// after the other.
  maps::Block range(ValueId id, int microbatch, const maps::Block* chunk) const {
    const Location& place = plan_.locations[id];
    const Pool& pool = plan_.pools[place.pool];
    const int slot = microbatch == shared ? 0 : plan_.slot(place, microbatch);
    EXPECT_GE(slot, 0);
    const std::int64_t begin = pool.offset + slot * pool.slot_bytes + place.offset;
    EXPECT_LE(begin + place.bytes, plan_.bytes);
    if (!chunk || !graph::has_rows(graph_[id].shape)) return {begin, begin + place.bytes};
    const std::int64_t row = place.bytes / place.shape[0];
    const std::int64_t first = place.shape[0] < local_rows(id) ? 0 : chunk->begin;
    EXPECT_LE((first + chunk->size()) * row, place.bytes);
    return {begin + first * row, begin + (first + chunk->size()) * row};
  }
  std::int64_t local_rows(ValueId id) const {
    const graph::Value& value = graph_[id];
    return maps::local_shape(graph::resolve(value.shape, in_.extents), value.layout, in_.grid, in_.rank)[0];
  }
  void put(ValueId id, int microbatch, const maps::Block* chunk = nullptr) {
    const maps::Block bytes = range(id, microbatch, chunk);
    for (std::int64_t at = bytes.begin; at < bytes.end; at += 4) bytes_[at] = {contents_[id], microbatch};
  }
  void demand(ValueId id, int microbatch, const std::string& what, const maps::Block* chunk = nullptr) {
    const maps::Block bytes = range(id, microbatch, chunk);
    for (std::int64_t at = bytes.begin; at < bytes.end; at += 4) {
      const auto held = bytes_.find(at);
      if (held != bytes_.end() && held->second == Holder{contents_[id], microbatch}) continue;
      const std::string holder = held == bytes_.end() ? "nothing" : graph_[held->second.first].name;
      FAIL() << what << " finds " << holder << " where " << graph_[id].name << " of " << microbatch
             << " should be";
    }
  }
  bool per_microbatch(ValueId id) const {
    const Role role = graph_[contents_[id]].role;
    return role == Role::activation || role == Role::input;
  }

  const std::vector<ValueId>& message(const Action& action) const {
    const auto& borders = in_.program.borders;
    const passes::Border& border = *std::ranges::find(borders, action.stage, &passes::Border::stage);
    if (action.kind == ActionKind::send_forward) return border.sent;
    if (action.kind == ActionKind::receive_forward) return border.received;
    return action.kind == ActionKind::send_backward ? border.sent_cotangents : border.received_cotangents;
  }
  void write(const Action& receive) {
    for (ValueId id : message(receive)) put(id, receive.microbatch);
  }

  /// A send is ready when fewer than the capacity of its direction are under way; the older ones have
  /// left by then.
  void send(const Action& action) {
    const auto same = [&](const Action& other) {
      return other.kind == action.kind && other.stage == action.stage;
    };
    while (std::ranges::count_if(under_way_, same) >= in_.channel_capacity)
      leave(std::ranges::find_if(under_way_, same));
    under_way_.push_back(action);
  }
  void leave(std::deque<Action>::iterator send) {
    const Action action = *send;
    under_way_.erase(send);
    for (ValueId id : message(action)) demand(id, action.microbatch, name(action));
  }

  void compute(const Action& action) {
    if (action.kind == ActionKind::forward) {
      run_phases({Phase::forward}, action, nullptr);
      for (const maps::Block& chunk : passes::loss_chunks(in_.program, in_.grid, in_.rank, in_.extents))
        run_phases({Phase::loss}, action, &chunk);
    } else if (action.kind == ActionKind::backward && plan_.backward == Backward::whole) {
      run_phases({Phase::backward_input, Phase::backward_weight}, action, nullptr);
    } else {
      if (action.kind != ActionKind::backward_weight) run_phases({Phase::backward_input}, action, nullptr);
      if (action.kind != ActionKind::backward_input) run_phases({Phase::backward_weight}, action, nullptr);
    }
  }
  void run_phases(const std::set<Phase>& phases, const Action& action, const maps::Block* chunk) {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
      if (graph_.nodes[i].stage == action.stage && phases.contains(in_.program.graph.nodes[i].phase))
        run_node(graph_.nodes[i], action, chunk);
  }
  /// What a node's library works in holds nothing that the node reads, nor anything that somebody reads later. Every
  /// storage begins at a multiple of 256 bytes, so that none lies between two of these.
  void spoil_workspace(const graph::Node& node) {
    const int id = plan_.workspaces[static_cast<std::size_t>(&node - graph_.nodes.data())];
    if (id < 0) return;
    const Location& place = plan_.locations[static_cast<std::size_t>(id)];
    const std::int64_t begin = plan_.pools[place.pool].offset + place.offset;
    EXPECT_EQ(begin % 256, 0);
    EXPECT_LE(begin + place.bytes, plan_.bytes);
    for (std::int64_t at = begin; at < begin + place.bytes; at += 256) bytes_.erase(at);
  }
  void run_node(const graph::Node& node, const Action& action, const maps::Block* chunk) {
    spoil_workspace(node);
    const auto model_input = [&](ValueId id) { return graph_[id].dtype == DType::i32; };
    for (ValueId id : node.in)
      if (per_microbatch(id) && !model_input(id))
        demand(id, action.microbatch, name(action) + " " + name_of(node), chunk);
    for (ValueId id : node.out)
      if (per_microbatch(id) && id != in_.program.loss) put(id, action.microbatch, chunk);
    for (ValueId id : node.out)
      if (graph_[id].role == Role::gradient) add_to(id, name(action) + " " + name_of(node));
    spoil_workspace(node);
  }
  /// The first write of a step replaces, so that nothing need be there.
  void add_to(ValueId sum, const std::string& what) {
    if (sums_.insert(sum).second) return put(sum, shared);
    demand(sum, shared, what);
  }
  static std::string name_of(const graph::Node& node) { return std::string(graph::name(node.op)); }

  const PlanInput& in_;
  const MemoryPlan& plan_;
  const graph::Graph& graph_;
  std::vector<ValueId> contents_;
  std::map<std::int64_t, Holder> bytes_;
  std::deque<Action> under_way_;
  std::set<ValueId> sums_;  ///< gradients that were begun
};

}  // namespace heddle::schedule
