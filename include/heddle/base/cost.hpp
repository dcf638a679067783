// What a piece of work takes at the least: a fact of the algorithm and the shapes, not of the machine.
#pragma once

#include <algorithm>

namespace heddle {

/// The floor of its time is the larger of flops / peak and bytes / bandwidth.
struct Cost {
  double flops = 0;
  double bytes = 0;  ///< read and written, each value once

  Cost& operator+=(const Cost& other) {
    flops += other.flops;
    bytes += other.bytes;
    return *this;
  }
};

/// Floating-point operations and bytes a second.
struct Rates {
  double flops = 0;
  double bytes = 0;
};

/// Seconds below which work of this cost cannot come at these rates.
inline double floor_seconds(const Cost& cost, const Rates& rates) {
  return std::max(cost.flops / rates.flops, cost.bytes / rates.bytes);
}

}  // namespace heddle
