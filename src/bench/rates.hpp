// What this machine gives, measured by all ranks at the same time: the floors that a step is held against.
#pragma once

#include <functional>
#include <vector>

#include "heddle/base/cost.hpp"
#include "heddle/base/tensor.hpp"
#include "heddle/comm/cartesian.hpp"
#include "heddle/maps/map.hpp"

namespace heddle::bench {

/// FLOPs a second of kernels::gemm on this rank's threads, the best of a few large shapes, and bytes a
/// second (read and written) of copies that no cache holds. Collective, so that ranks which share a memory
/// share it here too.
Rates measure_rates(DType dtype, const comm::Communicator& world);

/// The median seconds of `what`, which is called until enough time is spent. Collective over `ranks`, which
/// begin each call together and make equally many.
double median_seconds(const comm::Communicator& ranks, const std::function<void()>& what);

/// Seconds of one map, of an all-reduce, and of messages between ranks, each by itself on memory of
/// its own. Collective over the ranks that take part.
double map_seconds(const maps::Map& map, const comm::CartesianGrid& grid, const Tensor& in,
                   const Tensor& out);
double sum_seconds(const comm::Communicator& ranks, const Tensor& like, DType sent);

/// What goes to or comes from another rank.
struct Message {
  int peer;
  int tag;
  Tensor tensor;
};
/// Seconds until all of these, handed over at once, are through; what one rank sends, another receives.
double exchange_seconds(const comm::Communicator& ranks, const std::vector<Message>& sent,
                        const std::vector<Message>& received);

}  // namespace heddle::bench
