// The machine that computes: it stands behind the same face as the null and the simulated machine.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <unordered_map>

#include "heddle/exec/agreement.hpp"
#include "heddle/exec/gradient_reducer.hpp"
#include "heddle/schedule/machine.hpp"

namespace heddle::exec {

/// Seconds since it was made, or since a moment of the wall clock on which the ranks have agreed, so that
/// their events can be laid side by side as well as the hosts' clocks agree.
class Clock {
 public:
  Clock() = default;
  explicit Clock(std::chrono::system_clock::time_point begin)
      : begin_(std::chrono::steady_clock::now() -
               std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                   std::chrono::system_clock::now() - begin)) {}
  double now() const { return at(std::chrono::steady_clock::now()); }
  double at(std::chrono::steady_clock::time_point moment) const {
    return std::chrono::duration<double>(moment - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// What a training step adds to the actions of a schedule.
class StepHooks {
 public:
  virtual ~StepHooks() = default;
  /// The gradients are complete on all ranks that share a parameter.
  virtual void step(const RunState& state) = 0;
};

struct MachineInput {
  ProgramRunner& runner;
  const comm::CartesianGrid& grid;
  const schedule::Schedule& schedule;
  PipelineRank pipeline_rank;
  const Clock& clock;
  GradientReducer* reducer = nullptr;  ///< null: forward only
  StepHooks* hooks = nullptr;
  int channel_capacity = schedule::default_channel_capacity;
};

/// When the lane did an action.
struct Span {
  lanes::Mark begin, end;
  bool waited = false;  ///< it began when the action before it ended
};

class DeviceMachine final : public schedule::Machine {
 public:
  explicit DeviceMachine(const MachineInput& input)
      : in_(input), agreement_(input.grid.along(maps::within_stage)) {}

  /// To be called before each run of a row.
  void begin_step(const RunState& state, std::vector<std::int64_t> row_shifts);
  /// Waits until everything sent has left.
  void end_step();

  bool ready(const schedule::Action& action) override;
  /// The same on all ranks that share a pipeline coordinate, since their collectives must meet.
  std::optional<std::size_t> first_ready(std::span<const schedule::Action> actions) override;
  void start(const schedule::Action& action) override;
  schedule::Event finish(const schedule::Action& action) override;

  /// Of the last action that was finished.
  const Span& span() const { return span_; }

  /// For the watchdog.
  int partner(const schedule::Action& action) const;

 private:
  using Requests = std::vector<comm::Request>;

  bool arrived(Requests& requests) const;
  bool full(const std::deque<Requests>& sends) const;  ///< as many as may be under way in a channel
  void wait(Requests& requests, const schedule::Action& action);
  void compute(const schedule::Action& action);
  void receive(const schedule::Action& action);
  void send(const schedule::Action& action);
  void reduce_gradients();
  schedule::Event end(const schedule::Action& action);
  Requests exchange(const schedule::Action& action);
  const std::vector<graph::ValueId>& message(const schedule::Action& action) const;
  int tag(const schedule::Action& action, int value) const;
  /// Is it the last of its kind in the row? What is done once a step is done then, for all stages
  /// of the rank.
  bool is_last(const schedule::Action& action) const;

  MachineInput in_;
  Agreement agreement_;
  RunState state_;
  std::vector<std::int64_t> row_shifts_;  ///< by microbatch, see RunState::row_shift
  std::unordered_map<schedule::Action, Requests> receives_;
  std::map<std::size_t, std::deque<Requests>> sends_;  ///< by channel: under way, oldest first
  double last_end_ = 0;
  std::int64_t finished_ = 0;  ///< actions of this step
  bool lane_waits_ = false;    ///< for what the action under way has sent or receives
  Span span_;
};

}  // namespace heddle::exec
