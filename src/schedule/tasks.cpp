#include "heddle/schedule/tasks.hpp"

#include <algorithm>

#include "heddle/base/error.hpp"

namespace heddle::schedule {

using graph::NodeId;
using graph::Phase;

namespace {

template <class Map>
std::span<const NodeId> found(const Map& map, const typename Map::key_type& key) {
  const auto at = map.find(key);
  return at == map.end() ? std::span<const NodeId>() : at->second;
}

}  // namespace

Backward backward_of(const Row& row) {
  const bool split = std::ranges::count(row, ActionKind::backward_weight, &Action::kind) > 0;
  return split ? Backward::split : Backward::whole;
}

ActionKind action_of(Phase phase, Backward backward) {
  switch (phase) {
    case Phase::backward_input:
      return backward == Backward::split ? ActionKind::backward_input : ActionKind::backward;
    case Phase::backward_weight:
      return backward == Backward::split ? ActionKind::backward_weight : ActionKind::backward;
    case Phase::epilogue: return ActionKind::reduce_gradients;
    case Phase::norm:
    case Phase::update:
    case Phase::redo:
    case Phase::take_back:
    case Phase::hand_on:
    case Phase::refresh: return ActionKind::step;
    default: return ActionKind::forward;
  }
}

const std::vector<graph::ValueId>& message(const passes::Border& border, ActionKind send_or_receive) {
  switch (send_or_receive) {
    case ActionKind::send_forward: return border.sent;
    case ActionKind::receive_forward: return border.received;
    case ActionKind::send_backward: return border.sent_cotangents;
    default:
      HEDDLE_EXPECT(send_or_receive == ActionKind::receive_backward);
      return border.received_cotangents;
  }
}

Tasks::Tasks(const passes::Program& program, Backward backward) {
  const auto& nodes = program.graph.nodes;
  for (NodeId id = 0; id < static_cast<NodeId>(nodes.size()); ++id) {
    const auto [stage, phase] = std::pair(nodes[id].stage, nodes[id].phase);
    if (graph::once_a_step(phase))
      once_[phase].push_back(id);
    else if (phase == Phase::loss)
      loss_[stage].push_back(id);
    else
      by_action_[{stage, action_of(phase, backward)}].push_back(id);
  }
  if (backward == Backward::whole) return;
  for (const passes::Border& border : program.borders) {
    Nodes& both = by_action_[{border.stage, ActionKind::backward}];
    for (const ActionKind half : {ActionKind::backward_input, ActionKind::backward_weight}) {
      const Nodes& part = by_action_[{border.stage, half}];
      both.insert(both.end(), part.begin(), part.end());
    }
  }
}

std::span<const NodeId> Tasks::of(const Action& action) const {
  return found(by_action_, {action.stage, action.kind});
}

std::span<const NodeId> Tasks::once(Phase phase) const { return found(once_, phase); }

std::span<const NodeId> Tasks::loss(Stage stage) const { return found(loss_, stage); }

}  // namespace heddle::schedule
