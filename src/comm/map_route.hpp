// The maps that exchange blocks (gather, scatter, all-to-all and their kin) as routes.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/comm/request.hpp"
#include "heddle/lanes/lane.hpp"
#include "heddle/maps/map.hpp"

namespace heddle::comm {

/// `map` over the ranks of `group`, whatever axes it names; one of all_gather, gather,
/// reduce_scatter, scatter, all_to_all.
Request start_blocks(const Communicator& group, const maps::Map& map, const Tensor& in, const Tensor& out,
                     const lanes::Lane& lane);

}  // namespace heddle::comm
