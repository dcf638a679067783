// Movement between Cartesian partitions of one tensor: repartition, and broadcast with its adjoint, the
// sum-reduce, as DistDL defines them (Hewett & Grady, arXiv 2006.03108, section 3).
#pragma once

#include <vector>

#include "heddle/maps/transfer.hpp"

namespace heddle::maps {

/// A tensor cut into a Cartesian product of blocks, one product block a rank.
struct Partition {
  std::vector<std::vector<Block>> blocks;  ///< of each dim: contiguous from 0, some may be empty
  std::vector<int> ranks;                  ///< the holders, row-major over the blocks; each rank at most once

  /// Number of blocks in each dim.
  Shape parts() const;
  /// Shape of the tensor.
  Shape global() const;
};

// All of these throw Error where shapes, blocks or ranks do not fit together.

/// Balanced blocks, `parts[dim]` in each dim of a tensor of shape `global`.
Partition balanced_partition(const Shape& global, const Shape& parts, std::vector<int> ranks);
/// What each of `world` ranks holds; an idle rank's box is empty.
std::vector<Box> boxes(const Partition& partition, int world);

/// Every element from the rank that holds it to the one that shall. Partitions may share all, some or no
/// ranks; they must cover the same tensor. The adjoint is the repartition back.
TransferPlan repartition(const Partition& from, const Partition& to, int world);

/// Copies each block along the dims in which `from` has one part and `parts` has more: from (2,1) to (2,3)
/// every rank of row i gets a copy of block i. The last dims of both stand over each other, so that (2) to
/// (3,2) makes three copies of each block. `ranks` are the receivers, row-major over `parts`. The adjoint
/// is the sum-reduce.
TransferPlan broadcast(const Partition& from, const Shape& parts, const std::vector<int>& ranks, int world);
TransferPlan sum_reduce(const Partition& to, const Shape& parts, const std::vector<int>& ranks, int world);

}  // namespace heddle::maps
