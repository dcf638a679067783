#include "heddle/exec/engine.hpp"

#include <fmt/format.h>

#include "heddle/exec/host_copy.hpp"

namespace heddle::exec {

using maps::Axis;
using schedule::Progress;

Engine::Engine(EngineInput input) : input_(std::move(input)) {
  const int pipeline_rank = input_.grid.coordinates()[Axis::pipeline];
  arena_.emplace(schedule::plan_memory({.program = input_.program,
                                        .grid = input_.grid.shape(),
                                        .rank = input_.grid.rank(),
                                        .rows = input_.rows,
                                        .row = input_.schedule.rows[pipeline_rank],
                                        .microbatches = input_.schedule.microbatches,
                                        .window = input_.schedule.window,
                                        .lookahead = input_.lookahead,
                                        .update = input_.update}),
                 input_.packing, input_.lender);
  runner_.emplace(input_.program, input_.grid, *arena_, input_.rows);
  if (!input_.program.trained.empty())
    reducer_.emplace(*runner_, input_.grid, input_.schedule.microbatches, input_.bucket_bytes);
}

std::vector<GradientReducer::Message> Engine::buckets() const {
  return reducer_ ? reducer_->messages() : std::vector<GradientReducer::Message>{};
}

std::optional<graph::ValueId> Engine::find(std::string_view name) const {
  const auto& values = input_.program.graph.values;
  for (std::size_t id = 0; id < values.size(); ++id)
    if (values[id].name == name) return static_cast<graph::ValueId>(id);
  return {};
}

void Engine::load(std::string_view name, std::span<const std::int32_t> tokens) {
  const auto id = find(name);
  if (!id) return;
  const std::size_t rows = tokens.size() / static_cast<std::size_t>(input_.schedule.microbatches);
  for (int m = 0; m < input_.schedule.microbatches; ++m)
    copy_to_lane(std::as_bytes(tokens.subspan(static_cast<std::size_t>(m) * rows, rows)),
                 runner_->tensor(*id, m));
}

std::vector<std::int64_t> Engine::row_shifts(std::int64_t samples, std::int64_t sequence) const {
  const int ranks = input_.grid.shape().extent(Axis::data), rank = input_.grid.coordinates()[Axis::data];
  const std::int64_t microbatches = input_.schedule.microbatches, mine = samples / ranks;
  std::vector<std::int64_t> shifts;
  for (std::int64_t m = 0; m < microbatches; ++m)
    shifts.push_back((rank * mine + m * (mine / microbatches)) * sequence - rank * (input_.rows / ranks));
  return shifts;
}

void Engine::wait(schedule::Interpreter& loop, const DeviceMachine& machine, Observer* observer) {
  const schedule::Action& next = loop.next();
  const Observed observed(observer, {.work = Work::wait, .action = next});
  comm::Wait wait(input_.world.watchdog(), {.action = name(next),
                                            .partner = machine.partner(next),
                                            .position = static_cast<std::int64_t>(loop.position())});
  while (!loop.ready()) wait.idle();
}

void Engine::run_row(RunState state, std::int64_t samples, StepHooks* hooks, schedule::Observer* observer) {
  DeviceMachine machine({.runner = *runner_,
                         .grid = input_.grid,
                         .schedule = input_.schedule,
                         .clock = input_.clock,
                         .reducer = reducer_ ? &*reducer_ : nullptr,
                         .hooks = hooks});
  machine.begin_step(state, row_shifts(samples, state.sequence));
  schedule::Interpreter loop(input_.schedule, input_.grid.coordinates()[Axis::pipeline], machine,
                             input_.lookahead, observer);
  for (Progress progress; (progress = loop.advance()) != Progress::done;)
    if (progress == Progress::blocked) wait(loop, machine, state.observer);
  machine.end_step();
}

}  // namespace heddle::exec
