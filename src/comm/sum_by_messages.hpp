// Sums over ranks that are made of messages.
#pragma once

#include "heddle/comm/communicator.hpp"
#include "heddle/comm/request.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::comm {

/// out = the sum of `in` over the ranks, of numbers of one type. It has two phases, as that of bf16 (collectives.hpp). For lanes
/// whose memory MPI reaches; it is the lane that adds, in the order of the ranks.
Request start_sum_by_messages(const Communicator& ranks, const Tensor& in, const Tensor& out,
                              const lanes::Lane& lane);

}  // namespace heddle::comm
