#include "heddle/exec/program_runner.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/comm/apply.hpp"
#include "heddle/lanes/range.hpp"
#include "heddle/maps/local.hpp"
#include "heddle/passes/loss_tail.hpp"
#include "values.hpp"

namespace heddle::exec {

using schedule::ActionKind;

ProgramRunner::ProgramRunner(const passes::Program& program, const comm::CartesianGrid& grid, Arena& arena,
                             graph::Extents extents, std::vector<maps::Block> loss_chunks, lanes::Lane lane)
    : program_(program),
      grid_(grid),
      arena_(arena),
      extents_(std::move(extents)),
      tasks_(program, arena.plan().backward),
      lane_(std::move(lane)),
      loss_chunks_(std::move(loss_chunks)),
      inside_loss_(passes::inside_loss(program)),
      summed_(summed_values(program)) {
  for (const graph::Value& value : program.graph.values) {
    globals_.push_back(graph::resolve(value.shape, extents_));
    boxes_.push_back(maps::local_box(globals_.back(), value.layout, grid.shape(), grid.rank()));
    counted_.push_back(maps::owns(value.layout, grid.shape(), grid.rank()));
  }
  for (graph::NodeId node = 0; node < std::ssize(program.graph.nodes); ++node)
    if (const Binding prepare = preparation(program.graph.nodes[node].op))
      prepare(call_of(node, 0, nullptr, {}));
}

void ProgramRunner::run(const schedule::Action& action, const RunState& state,
                        const std::function<void(int)>& after) {
  const std::string what = name(action);
  const auto run_those = [&](std::span<const graph::NodeId> nodes, const maps::Block* chunk) {
    for (graph::NodeId node : nodes) {
      run_node(node, action.microbatch, chunk, state, what);
      if (after) after(node);
    }
  };
  run_those(tasks_.of(action), nullptr);
  if (action.kind == ActionKind::forward)
    for (const maps::Block& chunk : loss_chunks_) run_those(tasks_.loss(action.stage), &chunk);
  under_way_.finish(state.observer);
}

void ProgramRunner::begin_step(const RunState& state) {
  written_.assign(summed_.size(), false);
  for (graph::NodeId node : tasks_.once(graph::Phase::prologue))
    run_node(node, 0, nullptr, state, "prologue");
  under_way_.finish(state.observer);
}

void ProgramRunner::finish_step(const RunState& state, const std::vector<bool>& skip) {
  for (graph::NodeId node : tasks_.once(graph::Phase::epilogue))
    if (!skip[node]) run_node(node, 0, nullptr, state, "REDUCE_GRAD");
  under_way_.finish(state.observer);
}

void ProgramRunner::run(graph::Phase phase, const RunState& state, const std::function<void(int)>& after) {
  for (graph::NodeId node : tasks_.once(phase)) {
    run_node(node, 0, nullptr, state, "STEP");
    if (after) after(node);
  }
  under_way_.finish(state.observer);
}

Work ProgramRunner::work_of(int node) const {
  const graph::Node& one = program_.graph.nodes[node];
  if (!binding(one.op)) return Work::map;
  switch (one.phase) {
    case graph::Phase::norm: return Work::norm;
    case graph::Phase::update:
    case graph::Phase::redo: return Work::update;
    case graph::Phase::take_back: return Work::undo;
    default: return one.recomputed ? Work::recompute : Work::node;
  }
}

/// What is recomputed must not depend on what lay there before.
void ProgramRunner::poison_outputs(const Call& call) const {
  if (call.write == kernels::Write::accumulate) return;
  for (const Tensor& out : call.out)
    if (!std::ranges::count(call.in, out.data, &Tensor::data)) lane_.fill(out, 0xff);
  if (call.workspace.data) lane_.fill(call.workspace, 0xff);
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

Tensor ProgramRunner::part(graph::ValueId id, int microbatch, const maps::Block* chunk) const {
  const Tensor whole = tensor(id, microbatch);
  if (!chunk || !graph::has_rows(program_.graph[id].shape)) return whole;
  return chunk_of(whole, inside_loss_[id], *chunk);
}

maps::Box ProgramRunner::box(graph::ValueId id, const maps::Block* chunk) const {
  maps::Box held = boxes_[id];
  if (chunk && graph::has_rows(program_.graph[id].shape))
    held[0] = {held[0].begin + chunk->begin, held[0].begin + chunk->end};
  return held;
}

Call ProgramRunner::call_of(int index, int microbatch, const maps::Block* chunk,
                            const RunState& state) const {
  const graph::Node& node = program_.graph.nodes[index];
  Call call{lane_, node, state, extents_, counted_, {}, {}, {}, {}};
  for (graph::ValueId id : node.in) {
    call.in.push_back(part(id, microbatch, chunk));
    call.in_box.push_back(box(id, chunk));
    call.in_global.push_back(globals_[id]);
  }
  for (graph::ValueId id : node.out) call.out.push_back(part(id, microbatch, chunk));
  call.workspace = arena_.workspace(index);
  return call;
}

/// "2F0.attention layers.3.attention": the action, the op or map, and what it makes.
std::string ProgramRunner::range_name(const graph::Node& node, const std::string& what) const {
  const auto* map = std::get_if<maps::Map>(&node.attributes);
  return fmt::format("{}.{} {}", what, map ? name(*map) : std::string(name(node.op)),
                     program_.graph[node.out[0]].name);
}

void ProgramRunner::run_node(int index, int microbatch, const maps::Block* chunk, const RunState& state,
                             const std::string& what) {
  const graph::Node& node = program_.graph.nodes[index];
  const lanes::Range range(lane_, [&] { return range_name(node, what); });
  Call call = call_of(index, microbatch, chunk, state);
  call.write = write_of(node);
  under_way_.settle(call.in, call.out, state.observer);
  if (call.workspace.data) under_way_.settle({}, {&call.workspace, 1}, state.observer);
  const Observed observed(state.observer, {.work = work_of(index), .node = index, .action = state.action},
                          &lane_);
  if (arena_.packing() == Packing::separate) poison_outputs(call);
  if (const Binding kernel = binding(node.op)) return kernel(call);
  run_map(call, index, what);
}

namespace {

/// Piece after piece, each waited for: for a parameter at once the message library would take a workspace as
/// large as it. `start(in, out)` begins a piece.
template <class Start>
void in_pieces(const Tensor& in, const Tensor& out, const std::string& action, Start&& start) {
  const std::int64_t size = size_of(in.dtype), most = (std::int64_t{16} << 20) / size, count = in.count();
  const auto piece = [&](const Tensor& tensor, std::int64_t begin) {
    return Tensor{
        static_cast<std::byte*>(tensor.data) + begin * size, tensor.dtype, {std::min(most, count - begin)}};
  };
  for (std::int64_t begin = 0; begin < count; begin += most) {
    comm::Request request = start(piece(in, begin), piece(out, begin));
    comm::wait(request, {action});
  }
}

}  // namespace

void ProgramRunner::run_map(const Call& call, int index, const std::string& what) {
  const auto& map = std::get<maps::Map>(call.node.attributes);
  const auto action = [&] {
    return fmt::format("{}: {} of {}", what, name(map), program_.graph[call.node.out[0]].name);
  };
  if (!map.among.empty())
    return in_pieces(call.in[0], call.out[0], action(), [&](const Tensor& in, const Tensor& out) {
      return comm::start(map, grid_, in, out, lane_);
    });
  comm::Request request = comm::start(map, grid_, call.in[0], call.out[0], lane_);
  if (request.done()) return;
  under_way_.add({std::move(request),
                  call.in[0],
                  call.out[0],
                  {.work = Work::wait, .node = index, .action = call.run.action},
                  action()});
}

}  // namespace heddle::exec
