// Takes the adjoint of every node of a share, communication included, and sorts the nodes into programs.
#pragma once

#include "heddle/passes/partition.hpp"

namespace heddle::passes {

using graph::Phase;

/// AdamW's two averages of a parameter's gradient.
struct Moments {
  graph::ValueId first = -1, second = -1;
};

struct Trained {
  graph::ValueId parameter;
  /// The sums over the microbatches, one for each use of the parameter (its broadcast over some
  /// axes, itself, ...).
  std::vector<graph::ValueId> sums;
  graph::ValueId gradient;  ///< in the layout of the parameter, after the epilogue
  // What the end of the step adds, see step_end.hpp; -1: not there.
  Moments moments = {};
  graph::ValueId remainder = -1;  ///< what the parameter, which is bf16, leaves of its master
  Moments spare = {};             ///< the moments that the last step replaced, where it may be taken back
  graph::ValueId kept = -1;       ///< the parameter that it replaced
  graph::ValueId kept_remainder = -1;
  /// By this rank; else another one steps it and hands its value on.
  bool stepped() const { return moments.first >= 0; }
};

/// A rank's share as programs over one table of values: for every stage a forward, a loss and the two of
/// backward, and for all together a prologue and an epilogue.
struct Program {
  /// Nodes in the order of their phases; those of B are in one order that serves I, W and the whole alike.
  graph::Graph graph;
  std::vector<Border> borders;   ///< one a stage, in the order of the stages
  std::vector<Trained> trained;  ///< in the order in which gradients become final
  graph::ValueId loss = -1;      ///< where the last stage is
  graph::ValueId squares = -1;   ///< of the gradients that this pipeline rank counts, one number each
  std::int64_t loss_rows = 0;    ///< how many of a rank's rows are in Phase::loss at once, at most; 0: all
};

/// The sum_reduce map of the epilogue that takes a gradient's sum over the microbatches to the ranks
/// that share it.
struct Reduction {
  graph::ValueId sum;
  maps::AxisSet axes;
  graph::NodeId node;
};
std::vector<Reduction> reductions(const Program& program);

/// The forward graph alone, as a program: for evaluation and generation.
Program forward_only(const Share& share);

/// The whole. Differentiation starts at the loss, where the share has one, and at the cotangents of what its
/// stages send. The cotangent of a value lies in the dual of the value's layout.
Program differentiate(const Share& share);

}  // namespace heddle::passes
