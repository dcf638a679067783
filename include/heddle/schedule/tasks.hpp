// What of a program belongs to which action of a schedule: the nodes that it runs, the values that it hands
// over. Said here alone.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "heddle/passes/differentiate.hpp"
#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// How a row runs backward: as B, in which the nodes of I and W take turns as they were written, or with W
/// apart; then a B runs the nodes of I, and after them those of W.
enum class Backward : std::uint8_t { whole, split };
Backward backward_of(const Row& row);

/// The action in which nodes of a phase run; the prologue counts as forward's.
ActionKind action_of(graph::Phase phase, Backward backward);

/// The values that a send or a receive of the border's stage hands over.
const std::vector<graph::ValueId>& message(const passes::Border& border, ActionKind send_or_receive);

/// The nodes of a program by what runs them, each list in the order in which they run.
class Tasks {
 public:
  Tasks(const passes::Program& program, Backward backward);

  /// Of F (but for its end), B, I or W.
  std::span<const graph::NodeId> of(const Action& action) const;
  /// The end of F on the stage that has the loss.
  std::span<const graph::NodeId> loss(Stage stage) const;
  /// Of a phase that is run once a step.
  std::span<const graph::NodeId> once(graph::Phase phase) const;

 private:
  using Nodes = std::vector<graph::NodeId>;

  std::map<std::pair<Stage, ActionKind>, Nodes> by_action_;
  std::map<Stage, Nodes> loss_;
  std::map<graph::Phase, Nodes> once_;
};

}  // namespace heddle::schedule
