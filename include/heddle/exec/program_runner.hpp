// Runs the nodes of a program on this rank's tensors: kernels on a lane, maps over the grid.
#pragma once

#include <functional>

#include "heddle/comm/cartesian.hpp"
#include "heddle/exec/arena.hpp"
#include "heddle/exec/bindings.hpp"
#include "heddle/exec/maps_under_way.hpp"
#include "heddle/schedule/tasks.hpp"

namespace heddle::exec {

class ProgramRunner {
 public:
  /// All must outlive it. `loss_chunks` are this rank's rows that pass Phase::loss together.
  ProgramRunner(const passes::Program& program, const comm::CartesianGrid& grid, Arena& arena,
                graph::Extents extents, std::vector<maps::Block> loss_chunks, lanes::Lane lane);

  /// Runs what the action (F, B, I or W) stands for, for its microbatch. `after` is called with each node's
  /// index. A map is started where it stands, and waited for by the first node that touches its memory, at
  /// the latest at the end.
  void run(const schedule::Action& action, const RunState& state, const std::function<void(int)>& after = {});
  /// Begins the sums over the microbatches anew, and runs the prologue: what depends on parameters alone.
  void begin_step(const RunState& state);
  /// Runs the epilogue, except the nodes for which `skip` is true.
  void finish_step(const RunState& state, const std::vector<bool>& skip);

  /// Runs the nodes of a phase from norm on.
  void run(graph::Phase phase, const RunState& state, const std::function<void(int)>& after = {});
  /// From now on each of the two values lies where the other one lay.
  void exchange(graph::ValueId a, graph::ValueId b) { arena_.exchange(a, b); }

  /// How often an action runs a node that belongs to it: once, or for every chunk of the loss.
  int runs(int node) const {
    return program_.graph.nodes[node].phase == passes::Phase::loss ? static_cast<int>(loss_chunks_.size())
                                                                   : 1;
  }

  const passes::Program& program() const { return program_; }
  const Arena& arena() const { return arena_; }
  /// On which its nodes run.
  const lanes::Lane& lane() const { return lane_; }
  Tensor tensor(graph::ValueId id, int microbatch = 0) const {
    return arena_.tensor(id, program_.graph[id].dtype, microbatch);
  }

 private:
  void run_map(const Call& call, int index, const std::string& what);
  void poison_outputs(const Call& call) const;
  std::string range_name(const graph::Node& node, const std::string& what) const;
  Work work_of(int node) const;
  kernels::Write write_of(const graph::Node& node);
  /// `chunk`: the rows of a node of the loss; null: all.
  Call call_of(int index, int microbatch, const maps::Block* chunk, const RunState& state) const;
  void run_node(int index, int microbatch, const maps::Block* chunk, const RunState& state,
                const std::string& what);
  Tensor part(graph::ValueId id, int microbatch, const maps::Block* chunk) const;
  maps::Box box(graph::ValueId id, const maps::Block* chunk) const;

  const passes::Program& program_;
  const comm::CartesianGrid& grid_;
  Arena& arena_;
  graph::Extents extents_;
  schedule::Tasks tasks_;
  lanes::Lane lane_;
  MapsUnderWay under_way_;
  std::vector<maps::Box> boxes_;  ///< of every value
  std::vector<Shape> globals_;
  std::vector<maps::Block> loss_chunks_;
  std::vector<bool> inside_loss_;  ///< of every value
  std::vector<bool>
      summed_;  ///< of every value: gradients that nodes add to in every microbatch, and the loss
  std::vector<bool> written_;  ///< of these: in this step
  std::vector<bool> counted_;  ///< of every value, see Call
};

}  // namespace heddle::exec
