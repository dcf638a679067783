// The one-process oracle: every rank's tensor in one place, every map in its plainest form. What comm does
// over MPI is tested against it, and it is itself tested by <F x, y> = <x, F* y>.
#pragma once

#include <vector>

#include "heddle/maps/grid.hpp"
#include "heddle/maps/map.hpp"
#include "heddle/maps/transfer.hpp"

namespace heddle::maps {

/// One rank's tensor, row-major.
struct LocalTensor {
  Shape shape;
  std::vector<double> values;  ///< shape.count() of them

  explicit LocalTensor(const Shape& extents = {}, double value = 0)
      : shape(extents), values(extents.count(), value) {}
  friend bool operator==(const LocalTensor&, const LocalTensor&) = default;
};
/// The tensors of all ranks, by rank.
using DistributedTensor = std::vector<LocalTensor>;

/// `map` over every group of `grid` along its axes. A product of axes is taken as one: split means balanced
/// blocks over all the ranks of the group. Breaks its contract where a whole tensor's copies are not equal.
DistributedTensor carry_out(const Map& map, const Grid& grid, const DistributedTensor& x);

/// Carries out a plan: rank r's tensor has the shape of plan.source[r], the result's of plan.target[r].
DistributedTensor carry_out(const TransferPlan& plan, const DistributedTensor& x);

/// The sum over ranks of the products.
double inner_product(const DistributedTensor& x, const DistributedTensor& y);
/// The same for tensors that lie as `part` along `axes`: a group of ranks holds one whole tensor, which
/// counts once, and of a tensor that the first rank holds only that counts.
double inner_product(Part part, AxisSet axes, const Grid& grid, const DistributedTensor& x,
                     const DistributedTensor& y);

}  // namespace heddle::maps
