// The maps that exchange blocks (gather, scatter, all-to-all and their kin) as routes.
#pragma once

#include <memory>

#include "heddle/comm/communicator.hpp"
#include "heddle/maps/map.hpp"
#include "route.hpp"

namespace heddle::comm {

/// `map` over the ranks of `group`, whatever axes it names; one of all_gather, gather, reduce_scatter, scatter,
/// all_to_all, log_sum_reduce. `in` and `out` are what this rank holds. Prepared once, then kept.
std::shared_ptr<Exchange::Route> route_of(const Communicator& group, const maps::Map& map, const Shape& in,
                                          const Shape& out, DType dtype);

}  // namespace heddle::comm
