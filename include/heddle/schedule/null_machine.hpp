// Machines that compute nothing and only keep what is done and in flight: the dry run of a schedule.
#pragma once

#include <optional>
#include <vector>

#include "heddle/schedule/action_table.hpp"
#include "heddle/schedule/dependencies.hpp"
#include "heddle/schedule/machine.hpp"

namespace heddle::schedule {

/// A channel is what one stage sends in one direction: 2 * sending stage, + 1 for backward.
std::size_t channel_of(const Action& send_or_receive);

/// What all ranks of a pipeline have done, and the messages between them, matched by their names. Every
/// action must lie within the schedule's stages.
class NullCluster {
 public:
  explicit NullCluster(const Schedule& schedule, int channel_capacity = default_channel_capacity);

  bool ready(const Action& action) const { return is_met(action) && has_room(action); }
  /// What must be done before `action` can be finished; nothing when it is ready. For a send whose channel is
  /// full it is the receive that must be posted.
  std::optional<Need> unmet(const Action& action) const;
  void post(const Action& receive);
  void complete(const Action& action);

 private:
  bool done(const Action& action) const { return state_[action] & finished; }
  bool is_met(const Action& action) const;
  bool has_room(const Action& action) const;

  enum : std::uint8_t { finished = 1, posted = 2 };

  Dependencies dependencies_;
  std::size_t capacity_;
  ById<Stage, Row> gradients_;       ///< by stage: the B and W that reduce_gradients waits for
  ById<Stage, int> gradients_left_;  ///< by stage: how many of them are not done
  ActionTable<std::uint8_t> state_;
  std::vector<std::vector<Action>> unmatched_;  ///< by channel: sends whose receive is not posted
};

/// One rank of the cluster. No time passes: its events are at 0.
class NullMachine final : public Machine {
 public:
  explicit NullMachine(NullCluster& cluster) : cluster_(&cluster) {}
  bool ready(const Action& action) override { return cluster_->ready(action); }
  void start(const Action& action) override;
  Event finish(const Action& action) override;

 private:
  NullCluster* cluster_;
};

}  // namespace heddle::schedule
