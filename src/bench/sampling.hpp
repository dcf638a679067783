// How long something takes, by the clock of the host.
#pragma once

#include <functional>
#include <vector>

#include "heddle/base/tensor.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/lanes/memory.hpp"

namespace heddle::bench {

double median(std::vector<double> values);
/// Of each of a rank's numbers the largest that any rank has; all have equally many. Collective.
std::vector<double> largest(const comm::Communicator& ranks, const std::vector<double>& mine);

/// Memory like a tensor's, filled so that no page of it is missing.
struct Scratch {
  enum class Holds { zeros, normal_numbers };  ///< a GPU multiplies zeros faster: they take it less power
  Scratch(const Tensor& like, const lanes::Lane& lane, Holds holds = Holds::zeros);
  lanes::Memory memory;
  Tensor tensor;
};

/// Seconds of a call of `what`: the median of samples. A sample is one call or, where one is short, as many made one behind
/// the other that looking at the clock and waiting for the lane do not count beside them; then the lane's work is waited
/// for. Collective over `ranks`, which begin each sample together and make equally many calls.
double seconds_in_a_row(const comm::Communicator& ranks, const lanes::Lane& lane,
                        const std::function<void()>& what);

}  // namespace heddle::bench
