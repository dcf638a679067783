// Where to cut a chain of blocks so that its heaviest stage is as light as it can be.
#pragma once

#include <functional>
#include <set>
#include <vector>

#include "heddle/graph/graph.hpp"

namespace heddle::passes {

/// What a microbatch's forward makes of a block.
enum class Effort {
  work,   ///< FLOPs, and 16 for every byte moved: what it takes where both cost
  flops,  ///< FLOPs alone
};

/// The effort of every block. What is done once a step does not count; embedding and head are blocks
/// like any other.
ById<graph::BlockId, double> block_efforts(const graph::Graph& graph, Effort effort,
                                           const graph::Extents& extents);

/// The parameters that each block uses, by itself or by way of maps that share them out.
ById<graph::BlockId, std::set<graph::ValueId>> block_parameters(const graph::Graph& graph);

/// The first block of every stage but the first, so that the largest sum over a stage is least and, among
/// those, the sums are most even. Exact. Throws Error(usage) if there are fewer blocks than stages.
std::vector<int> balanced_cuts(const std::vector<double>& weights, int stages);

/// What the blocks [begin, end) weigh as stage `stage`. It may not fall when a block joins them.
using StageWeight = std::function<double(Stage stage, int begin, int end)>;

/// The same for weights that do not add up: the heaviest stage is as light as can be; earlier stages take as
/// many blocks as that allows. A search by bisection from the cuts `start` on; each weight is asked for once,
/// and few of them.
std::vector<int> balanced_cuts(int blocks, const std::vector<int>& start, const StageWeight& weight);

/// Balanced by work.
std::vector<int> balanced_cuts(const graph::Graph& graph, int stages, const graph::Extents& extents);

}  // namespace heddle::passes
