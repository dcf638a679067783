#include "heddle/exec/program_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

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
      summed_(summed_values(program)),
      replays_(lane_),
      arguments_(program.graph.nodes.size(), Arguments::unknown) {
  for (const graph::Value& value : program.graph.values) {
    globals_.push_back(graph::resolve(value.shape, extents_));
    boxes_.push_back(maps::local_box(globals_.back(), value.layout, grid.shape(), grid.rank()));
    counted_.push_back(maps::owns(value.layout, grid.shape(), grid.rank()));
  }
  for (graph::NodeId node = 0; node < std::ssize(program.graph.nodes); ++node)
    if (const Binding prepare = preparation(program.graph.nodes[node].op))
      prepare(call_of(node, nullptr, 0, {}));
}

void ProgramRunner::run(const schedule::Action& action, const RunState& state, Follower* follower) {
  const Task now = task_of(state, name(action), action.microbatch, follower);
  run_nodes(tasks_.of(action), nullptr, now);
  if (action.kind == ActionKind::forward)
    for (const maps::Block& chunk : loss_chunks_) run_nodes(tasks_.loss(action.stage), &chunk, now);
  finish(now);
}

void ProgramRunner::begin_step(const RunState& state) {
  written_.assign(summed_.size(), false);
  const Task now = task_of(state, "prologue");
  run_nodes(tasks_.once(graph::Phase::prologue), nullptr, now);
  finish(now);
}

void ProgramRunner::finish_step(const RunState& state, const std::vector<bool>& skip) {
  const Task now = task_of(state, "REDUCE_GRAD");
  for (const graph::NodeId node : tasks_.once(graph::Phase::epilogue))
    if (!skip[node]) run_nodes({&node, 1}, nullptr, now);
  finish(now);
}

void ProgramRunner::run(graph::Phase phase, const RunState& state, Follower* follower) {
  const Task now = task_of(state, "STEP", 0, follower);
  run_nodes(tasks_.once(phase), nullptr, now);
  finish(now);
}

/// Whoever watches pieces, or listens to names, wants to see each node.
ProgramRunner::Task ProgramRunner::task_of(const RunState& state, std::string what, int microbatch,
                                           Follower* follower) const {
  return {microbatch, state, std::move(what), follower,
          lane_.records() && !state.observer && !lane_.stream()->ranges};
}

void ProgramRunner::run_nodes(std::span<const graph::NodeId> nodes, const maps::Block* chunk,
                              const Task& task) {
  for (const graph::NodeId node : nodes) {
    const bool gathers = task.replays && arguments_[node] == Arguments::equal;
    if (gathers)
      gather(node, chunk, task);
    else
      run_node(node, chunk, task);
    if (!task.follower) continue;
    const bool is_last = task.follower->count(node);
    if (!gathers)
      task.follower->go_on();
    else if (is_last)
      enqueue_gathered(task);
  }
}

void ProgramRunner::finish(const Task& task) {
  enqueue_gathered(task);
  under_way_.finish(task.state.observer);
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

Call ProgramRunner::call_of(graph::NodeId index, const maps::Block* chunk, int microbatch,
                            const RunState& state) const {
  const graph::Node& node = program_.graph.nodes[index];
  Call call{lane_, node, Asked(state), extents_, counted_, {}, {}, {}, {}};
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
  return fmt::format("{}.{} {}", what, name(node), program_.graph[node.out[0]].name);
}

void ProgramRunner::settle(const Call& call, Observer* observer) {
  under_way_.settle(call.in, call.out, observer);
  if (call.workspace.data) under_way_.settle({}, {&call.workspace, 1}, observer);
}

/// Enqueues the kernels of a node.
ProgramRunner::Arguments ProgramRunner::enqueue(const Call& call) const {
  const std::int64_t passing = lane_.passing();
  if (arena_.packing() == Packing::separate) poison_outputs(call);
  binding(call.node.op)(call);
  const bool equal = !call.run.for_what_changes() && lane_.passing() == passing;
  return equal ? Arguments::equal : Arguments::changing;
}

void ProgramRunner::run_node(graph::NodeId index, const maps::Block* chunk, const Task& task) {
  enqueue_gathered(task);
  const graph::Node& node = program_.graph.nodes[index];
  const lanes::Range range(lane_, [&] { return range_name(node, task.what); });
  Call call = call_of(index, chunk, task.microbatch, task.state);
  call.write = write_of(node);
  settle(call, task.state.observer);
  const Observed observed(task.state.observer,
                          {.work = work_of(index),
                           .node = index,
                           .action = task.state.action,
                           .in = call.in,
                           .out = call.out,
                           .adds = call.write == kernels::Write::accumulate},
                          &lane_);
  if (!binding(node.op)) return run_map(call, index, task);
  arguments_[index] = std::max(arguments_[index], enqueue(call));  // once changing, always
  replays_.add_enqueued(1);
}

/// A map that was started is waited for before the first node that touches its memory, whether or not it is done by then: so the
/// same nodes stay together in every step.
void ProgramRunner::gather(graph::NodeId index, const maps::Block* chunk, const Task& task) {
  if (!under_way_.empty()) {
    const Call call = call_of(index, chunk, task.microbatch, task.state);
    if (under_way_.touched(call.in, call.out) || under_way_.touched({}, {&call.workspace, 1})) {
      enqueue_gathered(task);
      settle(call, task.state.observer);
    }
  }
  gathered_.push_back({index, chunk, write_of(program_.graph.nodes[index])});
  add_to_key(gathered_.back(), task.microbatch);
}

/// Shapes, types, places and attributes are the node's and the chunk's; addresses are the microbatch's, and those of what is exchanged.
void ProgramRunner::add_to_key(const Gathered& one, int microbatch) {
  const auto add = [&](const void* address) { key_.push_back(reinterpret_cast<std::uintptr_t>(address)); };
  const graph::Node& node = program_.graph.nodes[one.node];
  key_.push_back(static_cast<std::uint64_t>(one.node));
  key_.push_back(static_cast<std::uint64_t>(one.write));
  add(one.chunk);
  for (const graph::ValueId id : node.in) add(part(id, microbatch, one.chunk).data);
  for (const graph::ValueId id : node.out) add(part(id, microbatch, one.chunk).data);
  add(arena_.workspace(one.node).data);
}

void ProgramRunner::enqueue_gathered(const Task& task) {
  if (gathered_.empty()) return;
  key_.push_back(std::bit_cast<std::uint64_t>(task.state.loss_scale));
  replays_.run(key_, std::ssize(gathered_), [&] {
    for (const Gathered& one : gathered_) {
      Call call = call_of(one.node, one.chunk, task.microbatch, task.state);
      call.write = one.write;
      HEDDLE_EXPECT(enqueue(call) == Arguments::equal);
    }
  });
  gathered_.clear();
  key_.clear();
  if (task.follower) task.follower->go_on();
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

void ProgramRunner::run_map(const Call& call, graph::NodeId index, const Task& task) {
  const auto& map = std::get<maps::Map>(call.node.attributes);
  const auto action = [&] {
    return fmt::format("{}: {} of {}", task.what, name(map), program_.graph[call.node.out[0]].name);
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
                  {.work = Work::wait, .node = index, .action = task.state.action},
                  action()});
}

}  // namespace heddle::exec
