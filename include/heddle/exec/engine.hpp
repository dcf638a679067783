// One rank's share of a pipeline, ready to run: its program in its memory, driven by the one loop.
#pragma once

#include <optional>
#include <string_view>

#include "heddle/exec/device_machine.hpp"
#include "heddle/plan/plan.hpp"
#include "heddle/schedule/interpreter.hpp"

namespace heddle::exec {

struct EngineInput {
  const plan::Plan& plan;
  const plan::Execution& execution;  ///< one of the plan's two
  const comm::CartesianGrid& grid;   ///< with communicators for plan::axis_sets of the plan
  const Clock& clock;
  lanes::Lane lane;  ///< on which its nodes run
  Packing packing = Packing::arena;
  const Arena* lender = nullptr;  ///< whose parameters, and memory between its steps, to use; null: its own
};

class Engine {
 public:
  /// All that the input names must outlive it.
  explicit Engine(const EngineInput& input);

  const passes::Program& program() const { return input_.execution.programs[pipeline_rank_]; }
  const Arena& arena() const { return *arena_; }
  ProgramRunner& runner() { return *runner_; }
  const ReplayCount& replays() const { return runner_->replays(); }
  /// The all-reduces of gradients in a step; none where nothing is trained.
  std::vector<GradientReducer::Message> buckets() const;
  /// The value of the program with this name, if it has one: an input of the model, say.
  std::optional<graph::ValueId> find(std::string_view name) const;

  /// Copies the step's tokens (or targets) to the memory of the value, microbatch after microbatch, where the
  /// stage uses it.
  void load(std::string_view name, std::span<const std::int32_t> tokens);

  /// Runs this rank's row once. Gradients and loss are those of this run alone. `state.row_shift` is filled in.
  /// Hooks may be null for a forward-only row, the observer of actions always.
  void run_row(RunState state, StepHooks* hooks, schedule::Observer* observer);

 private:
  std::vector<std::int64_t> row_shifts() const;
  /// Until the loop's next action is ready.
  void wait(schedule::Interpreter& loop, const DeviceMachine& machine, Observer* observer);

  EngineInput input_;
  PipelineRank pipeline_rank_;
  std::optional<Arena> arena_;
  std::optional<ProgramRunner> runner_;
  std::optional<GradientReducer> reducer_;
};

}  // namespace heddle::exec
