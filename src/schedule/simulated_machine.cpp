// Virtual clocks over the null machines' state. Each time depends only on times before it in its own row or
// across a message, never on the order in which the ranks are simulated.
#include "heddle/schedule/simulated_machine.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "heddle/base/error.hpp"
#include "heddle/schedule/problem.hpp"

namespace heddle::schedule {

SimulatedCluster::SimulatedCluster(const Schedule& schedule, Costs costs, int channel_capacity)
    : state_(schedule, channel_capacity),
      rank_of_stage_(schedule.rank_of_stage),
      costs_(std::move(costs)),
      capacity_(channel_capacity),
      channels_(2 * schedule.stages()),
      arrival_(extents_of(schedule)) {
  HEDDLE_EXPECT(static_cast<int>(costs_.stages.size()) == schedule.stages());
  HEDDLE_EXPECT(costs_.boundary_bytes.empty() ||
                static_cast<int>(costs_.boundary_bytes.size()) >= schedule.stages() - 1);
  HEDDLE_EXPECT(costs_.links.empty() || static_cast<int>(costs_.links.size()) >= schedule.stages() - 1);
  for (const Row& row : schedule.rows)
    reductions_left_ +=
        static_cast<int>(std::ranges::count(row, ActionKind::reduce_gradients, &Action::kind));
}

double SimulatedCluster::arrival(const Action& send, double now) {
  const Link& link = costs_.link_of(send);
  const double passing = costs_.bytes_of(send) / link.bandwidth;
  if (!link.contention) return now + (link.latency + passing);
  double& free = link_free_[{rank_of_stage_[send.stage], rank_of_stage_[partner_stage(send)]}];
  free = std::max(free, now) + passing;
  return free + link.latency;
}

void SimulatedCluster::post(const Action& receive, double now) {
  state_.post(receive);
  channels_[channel_of(receive)].posted_at.push_back(now);
}

double SimulatedCluster::complete(const Action& action, double now) {
  if (costs_.steps_together && action.kind == ActionKind::step) now = std::max(now, last_reduction_);
  double end = now + costs_.stages[action.stage][action.kind];
  if (is_send(action.kind)) {
    Channel& channel = channels_[channel_of(action)];
    // The channel takes this message once all but capacity - 1 of those before it have their receives posted.
    if (channel.sent >= capacity_) end = std::max(end, channel.posted_at[channel.sent - capacity_]);
    ++channel.sent;
    arrival_[counterpart(action)] = arrival(action, end);
  } else if (is_receive(action.kind)) {
    end = std::max(end, arrival_[action]);
  }
  if (action.kind == ActionKind::reduce_gradients) {
    --reductions_left_;
    last_reduction_ = std::max(last_reduction_, end);
  }
  state_.complete(action);
  return end;
}

double SimulatedCluster::waits_until(const Action& action, double now) const {
  if (is_receive(action.kind)) return std::max(now, arrival_[action]);
  if (!is_send(action.kind)) return now;
  const Channel& channel = channels_[channel_of(action)];
  return channel.sent < capacity_ ? now : std::max(now, channel.posted_at[channel.sent - capacity_]);
}

std::optional<std::size_t> SimulatedMachine::first_ready(std::span<const Action> actions) {
  next_ = clock_;
  if (clock_ > cluster_->time()) return {};
  next_ = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (!ready(actions[i])) continue;
    const double until = cluster_->waits_until(actions[i], clock_);
    if (until <= cluster_->time()) return i;
    next_ = std::min(next_, until);
  }
  return {};
}

void SimulatedMachine::start(const Action& action) {
  if (is_receive(action.kind)) cluster_->post(action, clock_);
}

Event SimulatedMachine::finish(const Action& action) {
  const double begin = std::exchange(clock_, cluster_->complete(action, clock_));
  return {action, begin, clock_};
}

namespace {

/// Ranks that choose must not see the future: all of them go on from moment to moment together.
Advance run_in_time(ById<PipelineRank, Interpreter>& loops,
                    const ById<PipelineRank, SimulatedMachine>& machines, SimulatedCluster& cluster) {
  while (!std::ranges::all_of(loops, &Interpreter::done)) {
    bool moved = false;
    for (Interpreter& loop : loops)
      while (loop.advance() == Advance::moved) moved = true;
    if (moved) continue;
    double next = std::numeric_limits<double>::infinity();
    for (const PipelineRank rank : loops.ids())
      if (!loops[rank].done()) next = std::min(next, machines[rank].next());
    if (next == std::numeric_limits<double>::infinity()) return Advance::blocked;
    cluster.set_time(next);
  }
  return Advance::done;
}

}  // namespace

Timeline simulate(const Schedule& schedule, const Costs& costs, int lookahead, int channel_capacity) {
  SimulatedCluster cluster(schedule, costs, channel_capacity);
  ById<PipelineRank, EventRecorder> recorders(schedule.rows.size());
  ById<PipelineRank, SimulatedMachine> machines(schedule.rows.size(), SimulatedMachine(cluster));
  ById<PipelineRank, Interpreter> loops;
  for (const PipelineRank rank : machines.ids())
    loops.emplace_back(schedule, rank, machines[rank], lookahead, &recorders[rank]);
  const bool chooses = schedule.window > 1;
  if ((chooses ? run_in_time(loops, machines, cluster) : run_all(loops)) == Advance::done) {
    Timeline timeline;
    for (EventRecorder& recorder : recorders) timeline.push_back(std::move(recorder.events));
    return timeline;
  }
  const auto stuck = std::ranges::find_if_not(loops, &Interpreter::done);
  throw Error(
      ExitCode::usage,
      never_starts(PipelineRank(static_cast<int>(stuck - loops.begin())), stuck->position(), stuck->next()),
      "the simulation of the schedule got stuck");
}

}  // namespace heddle::schedule
