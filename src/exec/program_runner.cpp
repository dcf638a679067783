#include "heddle/exec/program_runner.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/comm/apply.hpp"
#include "heddle/exec/host_copy.hpp"
#include "heddle/maps/local.hpp"

namespace heddle::exec {

using passes::Phase;
using schedule::ActionKind;

namespace {

bool belongs(Phase phase, ActionKind action) {
  switch (action) {
    case ActionKind::forward: return phase == Phase::forward;
    case ActionKind::backward: return phase == Phase::backward_input || phase == Phase::backward_weight;
    case ActionKind::backward_input: return phase == Phase::backward_input;
    case ActionKind::backward_weight: return phase == Phase::backward_weight;
    default: return false;
  }
}

}  // namespace

ProgramRunner::ProgramRunner(const passes::Program& program, const comm::CartesianGrid& grid,
                             const Arena& arena, std::int64_t rows)
    : program_(program), grid_(grid), arena_(arena), summed_(program.graph.values.size()) {
  for (const graph::Value& value : program.graph.values) {
    globals_.push_back(graph::with_rows(value.shape, rows));
    boxes_.push_back(maps::local_box(globals_.back(), value.layout, grid.shape(), grid.rank()));
  }
  for (const passes::Trained& trained : program.trained)
    for (graph::ValueId sum : trained.sums) summed_[sum] = true;
  if (program.loss >= 0) summed_[program.loss] = true;
}

void ProgramRunner::run(const schedule::Action& action, const RunState& state,
                        const std::function<void(int)>& after) {
  const std::string what = name(action);
  for (int i = 0; i < static_cast<int>(program_.graph.nodes.size()); ++i) {
    if (!belongs(program_.phases[i], action.kind)) continue;
    run_node(i, action.microbatch, state, what);
    if (after) after(i);
  }
}

void ProgramRunner::begin_step(const RunState& state) {
  written_.assign(summed_.size(), false);
  for (int i = 0; i < static_cast<int>(program_.graph.nodes.size()); ++i)
    if (program_.phases[i] == Phase::prologue) run_node(i, 0, state, "prologue");
}

void ProgramRunner::finish_step(const RunState& state, const std::vector<bool>& skip) {
  for (int i = 0; i < static_cast<int>(program_.graph.nodes.size()); ++i)
    if (program_.phases[i] == Phase::epilogue && !skip[i]) run_node(i, 0, state, "REDUCE_GRAD");
}

/// What is made anew must not depend on what lay there before.
void ProgramRunner::poison_outputs(const Call& call) const {
  if (call.write == kernels::Write::accumulate) return;
  for (const Tensor& out : call.out)
    if (!std::ranges::count(call.in, out.data, &Tensor::data)) fill_bytes(out, 0xff);
}

/// The sums that one node adds to have the same writers.
kernels::Write ProgramRunner::write_of(const graph::Node& node) {
  if (!summed_[node.out.front()]) return kernels::Write::overwrite;
  const bool adds = written_[node.out.front()];
  for (graph::ValueId id : node.out) {
    HEDDLE_EXPECT(summed_[id] && written_[id] == adds);
    written_[id] = true;
  }
  return adds ? kernels::Write::accumulate : kernels::Write::overwrite;
}

void ProgramRunner::run_node(int index, int microbatch, const RunState& state, const std::string& what) {
  const graph::Node& node = program_.graph.nodes[index];
  const Observed observed(state.observer, {.work = Work::node, .node = index, .microbatch = microbatch},
                          &lane_);
  Call call{lane_, node, state, {}, {}, {}, {}};
  for (graph::ValueId id : node.in) {
    call.in.push_back(tensor(id, microbatch));
    call.in_box.push_back(boxes_[id]);
    call.in_global.push_back(globals_[id]);
  }
  for (graph::ValueId id : node.out) call.out.push_back(tensor(id, microbatch));
  call.write = write_of(node);
  if (arena_.packing() == Packing::separate) poison_outputs(call);
  if (const Binding kernel = binding(node.op)) return kernel(call);

  const auto& map = std::get<maps::Map>(node.attributes);
  lane_.fence();
  comm::Request request = comm::start(map, grid_, call.in[0], call.out[0]);
  if (!request.done())
    comm::wait(request, {fmt::format("{}: {} of {}", what, name(map), program_.graph[node.out[0]].name)});
}

}  // namespace heddle::exec
