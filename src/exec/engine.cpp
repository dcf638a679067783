#include "heddle/exec/engine.hpp"

#include "heddle/exec/lane_events.hpp"
#include "heddle/maps/local.hpp"

namespace heddle::exec {

using schedule::Advance;

Engine::Engine(const EngineInput& input)
    : input_(input), pipeline_rank_(input.plan.pipeline_rank(input.grid.rank())) {
  const plan::RankPlan& mine = input.plan.of(input.execution, input.grid.rank());
  arena_.emplace(mine.memory, input.packing, input.lane, input.lender);
  runner_.emplace(program(), input.grid, *arena_, input.plan.options.extents(), mine.loss_chunks, input.lane);
  if (!program().trained.empty())
    reducer_.emplace(*runner_, input.grid, mine.buckets, input.execution.schedule.microbatches);
}

std::vector<GradientReducer::Message> Engine::buckets() const {
  return reducer_ ? reducer_->messages() : std::vector<GradientReducer::Message>{};
}

std::optional<graph::ValueId> Engine::find(std::string_view name) const {
  const auto& values = program().graph.values;
  for (std::size_t id = 0; id < values.size(); ++id)
    if (values[id].name == name) return static_cast<graph::ValueId>(id);
  return {};
}

void Engine::load(std::string_view name, std::span<const std::int32_t> tokens) {
  const auto id = find(name);
  if (!id) return;
  const std::size_t rows = tokens.size() / static_cast<std::size_t>(input_.execution.schedule.microbatches);
  for (int m = 0; m < input_.execution.schedule.microbatches; ++m)
    input_.lane.copy_from_host(std::as_bytes(tokens.subspan(static_cast<std::size_t>(m) * rows, rows)),
                               runner_->tensor(*id, m));
}

std::vector<std::int64_t> Engine::row_shifts() const {
  const auto held = [&](std::int64_t extent) {
    return maps::local_box({extent}, maps::input_layout(), input_.grid.shape(), input_.grid.rank())[0];
  };
  const graph::Extents extents = input_.plan.options.extents();
  const std::int64_t microbatches = input_.execution.schedule.microbatches,
                     sequence = extents[graph::sequence];
  const maps::Block mine = held(input_.plan.options.train.batch), rows = held(extents[graph::rows]);
  std::vector<std::int64_t> shifts;
  for (std::int64_t m = 0; m < microbatches; ++m)
    shifts.push_back((mine.begin + m * (mine.size() / microbatches)) * sequence - rows.begin);
  return shifts;
}

void Engine::wait(schedule::Interpreter& loop, const DeviceMachine& machine, Observer* observer) {
  const schedule::Action& next = loop.next();
  const Observed observed(observer, {.work = Work::wait, .action = next});
  comm::Wait wait(input_.grid.ranks().watchdog(), {.action = name(next),
                                                   .partner = machine.partner(next),
                                                   .position = static_cast<std::int64_t>(loop.position())});
  while (!loop.ready()) wait.idle();
}

void Engine::run_row(RunState state, StepHooks* hooks, schedule::Observer* observer) {
  DeviceMachine machine({.runner = *runner_,
                         .grid = input_.grid,
                         .schedule = input_.execution.schedule,
                         .pipeline_rank = pipeline_rank_,
                         .clock = input_.clock,
                         .reducer = reducer_ ? &*reducer_ : nullptr,
                         .hooks = hooks,
                         .channel_capacity = input_.execution.channel_capacity});
  machine.begin_step(state, row_shifts());
  std::optional<LaneEvents> events;
  const bool waits = state.observer && state.observer->waits_for_pieces();
  if (observer)
    events.emplace(machine, input_.lane, input_.clock, waits ? Telling::each_in_turn : Telling::late,
                   *observer);
  const bool in_order = input_.grid.has_channels(maps::Axis::pipeline, input_.lane);
  schedule::Interpreter loop(input_.execution.schedule, pipeline_rank_, machine, input_.execution.lookahead,
                             events ? &*events : nullptr, in_order ? &*input_.execution.calls : nullptr);
  for (Advance advance; (advance = loop.advance()) != Advance::done;)
    if (advance == Advance::blocked)
      wait(loop, machine, state.observer);
    else
      input_.grid.ranks().watchdog().progressed();
  machine.end_step();
  if (events) events->finish();
}

}  // namespace heddle::exec
