// What a program costs on a machine that is only described: from the FLOPs and bytes of its ops.
#pragma once

#include <map>

#include "heddle/base/cost.hpp"
#include "heddle/maps/grid.hpp"
#include "heddle/passes/differentiate.hpp"
#include "heddle/schedule/buckets.hpp"
#include "heddle/schedule/costs.hpp"

namespace heddle::schedule {

struct MachineModel {
  Rates rates;        ///< of one rank, in the numbers of the model
  double kernel = 0;  ///< seconds that every op takes at the least
  int ranks_per_node = 1;
  Link within = {}, between = {};  ///< of a rank: to others of its node, and to other nodes

  bool one_node(Rank rank, Rank other) const { return rank / ranks_per_node == other / ranks_per_node; }
};

/// Seconds of a collective on `bytes` of each rank, over the ranks that share `axes` with `rank`. An
/// all-reduce passes 2 (n-1)/n of the bytes through each rank's link, as a ring does, and takes the
/// latency of 2 log2(n) messages, as a tree does; the other maps half of both, counted on the larger
/// side (Thakur, Rabenseifner & Gropp 2005). All ranks of one node talk within it, else all wait for the
/// links between nodes.
double seconds(const maps::Map& map, double bytes, const maps::Grid& grid, Rank rank,
               const MachineModel& machine);

struct EstimateInput {
  const passes::Program& program;
  const maps::Grid& grid;
  Rank rank = 0;
  graph::Extents extents = {};
  Bucketing bucketing = {};
};

/// By stage. An op takes the longer of its FLOPs and its bytes at the machine's rates, and `kernel` at the
/// least; what it leaves out - caches, the shapes that a library likes less, hosts that are late - makes real
/// ones slower. The sum of gradients goes on under the last microbatch's backward but for its last bucket.
/// At the end of a step AdamW and its norm read and write each of their values once. What is done once a rank stands at
/// its first stage.
std::map<Stage, StageCost> estimate(const EstimateInput& input, const MachineModel& machine);

}  // namespace heddle::schedule
