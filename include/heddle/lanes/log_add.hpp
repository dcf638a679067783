// The sum of two numbers of which the logarithms are given.
#pragma once

#include <cmath>

#include "heddle/base/host_device.hpp"

namespace heddle::lanes {

/// log(exp a + exp b), symmetric to the last bit; -infinity is the log of nothing.
template <class T>
HEDDLE_HOST_DEVICE T log_add(T a, T b) {
  const T distance = a == b ? T(0) : -std::abs(a - b);
  return (a > b ? a : b) + std::log1p(std::exp(distance));
}

}  // namespace heddle::lanes
