// Which kernel carries out which op: the last of an operator's seven parts, in one table.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "heddle/exec/observer.hpp"
#include "heddle/graph/graph.hpp"
#include "heddle/kernels/adamw.hpp"
#include "heddle/kernels/linear.hpp"
#include "heddle/kernels/write.hpp"
#include "heddle/lanes/lane.hpp"
#include "heddle/maps/box.hpp"

namespace heddle::exec {

/// What a run knows and a graph does not.
struct RunState {
  std::uint64_t seed = 0;          ///< of the dropout masks
  std::uint64_t step = 0;          ///< stream of the dropout masks
  double loss_scale = 1;           ///< 1 / the targets of the whole step, those that do not count left out
  kernels::AdamWStep update = {};  ///< of the optimizer; weight decay where the node asks for it
  std::int64_t row_shift =
      0;  ///< from a row's global index in its microbatch to its index in the step's batch
  schedule::Action action = no_action;  ///< that is carried out
  Observer* observer = nullptr;         ///< of pieces; may be null
};

/// What a node asks of the run. A kernel's arguments that it asks for change: the node is enqueued anew each time, never replayed
/// (replays.hpp).
class Asked {
 public:
  explicit Asked(const RunState& run) : run_(run) {}

  /// Equal in every step.
  double loss_scale() const { return run_.loss_scale; }
  /// All else.
  const RunState& changing() const {
    changing_ = true;
    return run_;
  }
  bool for_what_changes() const { return changing_; }

 private:
  const RunState& run_;
  mutable bool changing_ = false;
};

/// One node with its tensors, and the part of each global tensor that this rank holds.
struct Call {
  const lanes::Lane& lane;
  const graph::Node& node;
  Asked run;
  const graph::Extents& extents;
  /// Of every value of the program: is this the one rank that counts it, of those of its pipeline rank that
  /// hold this part?
  const std::vector<bool>& counted;
  std::vector<Tensor> in, out;
  std::vector<maps::Box> in_box;
  std::vector<Shape> in_global;
  /// Of sums over the microbatches: the first write of a step replaces what the last step left.
  kernels::Write write = kernels::Write::overwrite;
  Tensor workspace = {};  ///< for what the kernel's library works in, where the plan has one
};

using Binding = void (*)(const Call&);

/// Null for `map`, which communicates and is carried out by comm.
Binding binding(graph::Op op);
/// The product of matrices that a node with these tensors is; none where its kernel is something else.
std::optional<kernels::Product> product_of(const graph::Node& node, std::span<const Tensor> in,
                                           std::span<const Tensor> out);
/// What makes a kernel's library ready for a node, before the first step; null where there is nothing to do.
Binding preparation(graph::Op op);

}  // namespace heddle::exec
