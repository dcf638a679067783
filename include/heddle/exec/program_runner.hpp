// Runs the nodes of a program on this rank's tensors: kernels on a lane, maps over the grid.
#pragma once

#include "heddle/comm/cartesian.hpp"
#include "heddle/exec/arena.hpp"
#include "heddle/exec/bindings.hpp"
#include "heddle/exec/maps_under_way.hpp"
#include "heddle/exec/replays.hpp"
#include "heddle/schedule/tasks.hpp"

namespace heddle::exec {

/// Who follows the nodes of an action, one after the other.
class Follower {
 public:
  virtual ~Follower() = default;
  /// Of each node in turn, which is enqueued or waits for its neighbours to be enqueued with it. True: for none that comes later,
  /// since something is to be done behind this one.
  virtual bool count(int node) = 0;
  /// All nodes that were counted are enqueued.
  virtual void go_on() = 0;
};

/// Where the lane records, nobody watches its nodes and their arguments do not change, neighbouring kernels are replayed
/// (replays.hpp).
class ProgramRunner {
 public:
  /// All must outlive it. `loss_chunks` are this rank's rows that pass Phase::loss together.
  ProgramRunner(const passes::Program& program, const comm::CartesianGrid& grid, Arena& arena,
                graph::Extents extents, std::vector<maps::Block> loss_chunks, lanes::Lane lane);

  /// Runs what the action (F, B, I or W) stands for, for its microbatch. The follower may be null. A map is
  /// started where it stands, and waited for by the first node that touches its memory, at the latest at the end.
  void run(const schedule::Action& action, const RunState& state, Follower* follower = nullptr);
  /// Begins the sums over the microbatches anew, and runs the prologue: what depends on parameters alone.
  void begin_step(const RunState& state);
  /// Runs the epilogue, except the nodes for which `skip` is true.
  void finish_step(const RunState& state, const std::vector<bool>& skip);

  /// Runs the nodes of a phase from norm on.
  void run(graph::Phase phase, const RunState& state, Follower* follower = nullptr);
  /// From now on each of the two values lies where the other one lay.
  void exchange(graph::ValueId a, graph::ValueId b) { arena_.exchange(a, b); }

  /// How often an action runs a node that belongs to it: once, or for every chunk of the loss.
  int runs(int node) const {
    return program_.graph.nodes[node].phase == passes::Phase::loss ? static_cast<int>(loss_chunks_.size())
                                                                   : 1;
  }

  const passes::Program& program() const { return program_; }
  const Arena& arena() const { return arena_; }
  const ReplayCount& replays() const { return replays_.count(); }
  /// On which its nodes run.
  const lanes::Lane& lane() const { return lane_; }
  Tensor tensor(graph::ValueId id, int microbatch = 0) const {
    return arena_.tensor(id, program_.graph[id].dtype, microbatch);
  }

 private:
  /// What nodes that run one after the other have in common.
  struct Task {
    int microbatch;
    const RunState& state;
    std::string what;  ///< for names of ranges, and for the watchdog
    Follower* follower = nullptr;
    bool replays = false;
  };
  /// A kernel that waits to be enqueued with its neighbours.
  struct Gathered {
    graph::NodeId node;
    const maps::Block* chunk;
    kernels::Write write;
  };
  enum class Arguments : std::uint8_t { unknown, equal, changing };  ///< from one step to the next

  Task task_of(const RunState& state, std::string what, int microbatch = 0,
               Follower* follower = nullptr) const;
  /// `chunk`: the rows of nodes of the loss; null: all.
  void run_nodes(std::span<const graph::NodeId> nodes, const maps::Block* chunk, const Task& task);
  void finish(const Task& task);
  void run_node(graph::NodeId index, const maps::Block* chunk, const Task& task);
  void run_map(const Call& call, graph::NodeId index, const Task& task);
  void gather(graph::NodeId index, const maps::Block* chunk, const Task& task);
  void add_to_key(const Gathered& one, int microbatch);
  void enqueue_gathered(const Task& task);
  Arguments enqueue(const Call& call) const;
  void settle(const Call& call, Observer* observer);
  void poison_outputs(const Call& call) const;
  std::string range_name(const graph::Node& node, const std::string& what) const;
  Work work_of(int node) const;
  kernels::Write write_of(const graph::Node& node);
  Call call_of(graph::NodeId index, const maps::Block* chunk, int microbatch, const RunState& state) const;
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
  Replays replays_;
  std::vector<Arguments> arguments_;  ///< of every node that is a kernel
  std::vector<Gathered> gathered_;
  RunKey key_;  ///< of these
};

}  // namespace heddle::exec
