// The null machines with virtual clocks: what a schedule costs before it runs.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "heddle/schedule/costs.hpp"
#include "heddle/schedule/interpreter.hpp"
#include "heddle/schedule/null_machine.hpp"
#include "heddle/schedule/timeline.hpp"

namespace heddle::schedule {

/// What the simulated ranks share.
class SimulatedCluster {
 public:
  SimulatedCluster(const Schedule& schedule, Costs costs, int channel_capacity = default_channel_capacity);

  bool ready(const Action& action) const { return state_.ready(action) && !waits_for_others(action); }
  void post(const Action& receive, double now);
  /// Finishes a ready action that began at `now`; returns its end.
  double complete(const Action& action, double now);

  /// When a rank that has nothing else to do from `now` on would no longer wait for this ready action.
  double waits_until(const Action& action, double now) const;
  /// The moment up to which ranks that may choose have been simulated.
  double time() const { return time_; }
  void set_time(double time) { time_ = time; }

 private:
  bool waits_for_others(const Action& action) const {
    return costs_.steps_together && action.kind == ActionKind::step && reductions_left_ > 0;
  }
  /// When what was sent at `now` has arrived.
  double arrival(const Action& send, double now);

  struct Channel {
    std::vector<double> posted_at;  ///< when its receives were posted, in their order
    std::size_t sent = 0;
  };

  NullCluster state_;
  ById<Stage, PipelineRank> rank_of_stage_;
  Costs costs_;
  std::size_t capacity_;
  std::vector<Channel> channels_;
  ActionTable<double> arrival_;  ///< by receive
  /// With contention: when the link from rank to rank has carried all.
  std::map<std::pair<PipelineRank, PipelineRank>, double> link_free_;
  int reductions_left_ = 0;    ///< stages that have not reduced their gradients
  double last_reduction_ = 0;  ///< when the last of them had
  double time_ = 0;
};

/// One rank of the cluster, with its own clock. A receive's event spans the wait for its data; a send's is
/// the wait for a free place in its channel.
class SimulatedMachine final : public Machine {
 public:
  explicit SimulatedMachine(SimulatedCluster& cluster) : cluster_(&cluster) {}
  bool ready(const Action& action) override { return cluster_->ready(action); }
  /// None before the cluster's time has come.
  std::optional<std::size_t> first_ready(std::span<const Action> actions) override;
  void start(const Action& action) override;
  Event finish(const Action& action) override;

  /// When there may be an action to do, as far as the last answer of `first_ready` knew.
  double next() const { return next_; }

 private:
  SimulatedCluster* cluster_;
  double clock_ = 0;
  double next_ = 0;
};

/// Runs a lowered, verified schedule on simulated machines. Throws Error (usage) when it gets stuck.
Timeline simulate(const Schedule& schedule, const Costs& costs, int lookahead = default_lookahead,
                  int channel_capacity = default_channel_capacity);

}  // namespace heddle::schedule
