// Carries out the rows of the map table between real ranks.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/comm/cartesian.hpp"
#include "heddle/comm/request.hpp"
#include "heddle/lanes/lane.hpp"
#include "heddle/maps/map.hpp"

namespace heddle::comm {

/// `in` and `out` are this rank's tensors before and after `map`; a split dim lies in balanced blocks,
/// even, uneven or empty, over grid.along(map.axes). in.data == out.data is allowed where both have the
/// same shape on all ranks (identity, broadcast and the reductions); otherwise they must not overlap.
/// Begins once all is done that was enqueued on the lane before. Work that is enqueued once the request is
/// done finds the result.
Request start(const maps::Map& map, const CartesianGrid& grid, const Tensor& in, const Tensor& out,
              const lanes::Lane& lane);

}  // namespace heddle::comm
