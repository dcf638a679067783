// What it takes to move data between ranks, each map and message by itself on memory of its own.
#pragma once

#include <vector>

#include "heddle/base/tensor.hpp"
#include "heddle/comm/cartesian.hpp"
#include "heddle/comm/point_to_point.hpp"
#include "heddle/lanes/lane.hpp"
#include "heddle/maps/map.hpp"

namespace heddle::bench {

/// Seconds of one map, in place where `in` and `out` have one shape and place, and of a sum over the ranks. Collective over the ranks that take part.
double map_seconds(const maps::Map& map, const comm::CartesianGrid& grid, const Tensor& in, const Tensor& out,
                   const lanes::Lane& lane);
double sum_seconds(const comm::Communicator& ranks, const Tensor& like, DType sent, const lanes::Lane& lane);

/// What goes to or comes from another rank.
struct Message {
  int peer;
  comm::Label label;
  Tensor tensor;
};
/// Starts all of these, handed over at once, and waits until they are through; what one rank sends, another receives.
void exchange(const comm::Communicator& ranks, const std::vector<Message>& sent,
              const std::vector<Message>& received, const lanes::Lane& lane);
/// Seconds of that.
double exchange_seconds(const comm::Communicator& ranks, const std::vector<Message>& sent,
                        const std::vector<Message>& received, const lanes::Lane& lane);

}  // namespace heddle::bench
