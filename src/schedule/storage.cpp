#include "storage.hpp"

#include <algorithm>
#include <limits>

#include "heddle/graph/ops.hpp"
#include "heddle/passes/invariant.hpp"
#include "heddle/passes/loss_tail.hpp"
#include "heddle/schedule/tasks.hpp"

namespace heddle::schedule {

using graph::Node;
using graph::Op;
using graph::Role;
using graph::ValueId;
using maps::MapKind;
using passes::Phase;

namespace {

enum class Sharing {
  none,
  always,        ///< the output is the input
  if_last_user,  ///< the output may be written over the input
};

Sharing sharing(const Node& node) {
  if (node.op != Op::map) return definition(node.op).in_place ? Sharing::if_last_user : Sharing::none;
  switch (std::get<maps::Map>(node.attributes).kind) {
    case MapKind::identity:
    case MapKind::broadcast: return Sharing::always;
    case MapKind::sum_reduce:
    case MapKind::all_sum_reduce:
    case MapKind::sum_to_first:
    case MapKind::log_sum_reduce: return Sharing::if_last_user;
    default: return Sharing::none;
  }
}

}  // namespace

StorageTable::StorageTable(const passes::Program& program, Backward backward)
    : program_(program), backward_(backward), inside_loss_(passes::inside_loss(program)) {
  const auto invariant = passes::step_invariant(program.graph);
  for (std::size_t id = 0; id < program.graph.values.size(); ++id) {
    index_.push_back(static_cast<int>(id));
    storages_.push_back({.values = {static_cast<ValueId>(id)}, .invariant = invariant[id]});
  }
  find_moments();
  keep_through_loss();
  mark_messages();
  join_in_place();
  std::erase_if(storages_, [](const Storage& storage) { return storage.values.empty(); });
  for (std::size_t i = 0; i < storages_.size(); ++i)
    for (ValueId id : storages_[i].values) index_[id] = static_cast<int>(i);
}

Task StorageTable::task_of(std::size_t node) const {
  const Node& one = program_.graph.nodes[node];
  return {one.stage, action_of(one.phase, backward_)};
}

void StorageTable::find_moments() {
  const auto& nodes = program_.graph.nodes;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const bool late = nodes[i].phase >= Phase::epilogue ||
                      (backward_ == Backward::split && nodes[i].phase == Phase::backward_weight);
    moment_.push_back(static_cast<std::int64_t>(late ? i + nodes.size() : i));
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Task task = task_of(i);
    for (ValueId id : nodes[i].out) {
      Storage& storage = storages_[id];
      if (storage.first_moment >= 0) continue;  // a gradient that several nodes add to
      storage.made_in = task;
      storage.first_moment = storage.last_moment = moment_[i];
      storage.used_in.insert(task);
    }
    for (ValueId id : nodes[i].in) {
      storages_[id].used_in.insert(task);
      storages_[id].last_moment = std::max(storages_[id].last_moment, moment_[i]);
    }
  }
}

/// What stands at the border of Phase::loss is read or written chunk after chunk: it lives as long as
/// the phase runs.
void StorageTable::keep_through_loss() {
  const auto& nodes = program_.graph.nodes;
  const auto first = std::ranges::find(nodes, Phase::loss, &Node::phase);
  const auto count = std::ranges::count(nodes, Phase::loss, &Node::phase);
  const std::int64_t begin = first - nodes.begin(), last = begin + count - 1;
  for (std::int64_t i = begin; i <= last; ++i) {
    for (ValueId id : nodes[i].in)
      if (!inside_loss_[id]) storages_[id].last_moment = std::max(storages_[id].last_moment, last);
    for (ValueId id : nodes[i].out)
      if (!inside_loss_[id]) storages_[id].first_moment = std::min(storages_[id].first_moment, begin);
  }
}

void StorageTable::mark_messages() {
  using enum ActionKind;
  for (const passes::Border& border : program_.borders)
    for (const ActionKind kind : {receive_forward, receive_backward, send_forward, send_backward})
      for (ValueId id : message(border, kind))
        (is_send(kind) ? storages_[id].sent : storages_[id].received) = Task{border.stage, kind};
}

void StorageTable::merge(ValueId into, ValueId from) {
  Storage &target = storages_[index_[into]], &source = storages_[index_[from]];
  for (ValueId id : source.values) index_[id] = index_[into];
  target.values.insert(target.values.end(), source.values.begin(), source.values.end());
  target.used_in.insert(source.used_in.begin(), source.used_in.end());
  target.last_moment = std::max(target.last_moment, source.last_moment);
  if (!target.sent) target.sent = source.sent;
  source.values.clear();
}

bool StorageTable::dead_after(const Storage& storage, std::int64_t moment) const {
  const Role role = program_.graph[storage.values.front()].role;
  const bool kept = storage.invariant || storage.sent || (role == Role::input && !storage.received);
  return !kept && storage.last_moment <= moment;
}

bool StorageTable::of_one_stage(const Storage& storage, Stage stage) const {
  return storage.made_in.stage == stage &&
         std::ranges::all_of(storage.used_in, [&](const Task& task) { return task.stage == stage; });
}

/// A W may run before an I of an earlier stage, whatever their moments say, so it only writes over what is
/// its stage's alone.
void StorageTable::join_in_place() {
  const auto& nodes = program_.graph.nodes;
  std::vector<std::size_t> order(nodes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return moment_[a] < moment_[b]; });
  for (std::size_t i : order) {
    const Sharing share = sharing(nodes[i]);
    if (share == Sharing::none) continue;
    const ValueId input = nodes[i].in.front(), output = nodes[i].out.front();
    const bool alike = inside_loss_[input] == inside_loss_[output];
    HEDDLE_EXPECT(alike || share != Sharing::always);
    if (!alike) continue;
    const Storage& storage = storages_[index_[input]];
    const bool late = task_of(i).kind == ActionKind::backward_weight;
    const bool dead = dead_after(storage, moment_[i]) && (!late || of_one_stage(storage, nodes[i].stage));
    if (share == Sharing::always || dead) merge(input, output);
  }
}

}  // namespace heddle::schedule
