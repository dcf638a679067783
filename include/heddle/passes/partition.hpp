// Cuts a graph into the stages of a pipeline.
#pragma once

#include <vector>

#include "heddle/graph/graph.hpp"

namespace heddle::passes {

/// One stage: a graph of its own whose values of role input are the model's inputs and what the stage before
/// sends.
struct Stage {
  graph::Graph graph;
  std::vector<graph::ValueId> received;  ///< values sent by the stage before, in the order they were made
  std::vector<graph::ValueId>
      sent;  ///< values sent to the stage after; a value may be in both, passing through
};

/// The first block of every stage but the first, so that the slowest stage is as fast as can be. A block's
/// time is estimated from its forward FLOPs and bytes; the embedding and the head count like any other block.
/// Throws Error(usage) if there are fewer blocks than stages.
std::vector<int> balanced_cuts(const graph::Graph& graph, int stages, std::int64_t rows);

/// Cuts before the given blocks. A value made in one stage and used in another is handed on from stage to
/// stage; what depends on parameters alone is made anew wherever it is used, so that a parameter used by two
/// stages (a tied head) stands in both.
std::vector<Stage> partition(const graph::Graph& graph, const std::vector<int>& cuts);

}  // namespace heddle::passes
