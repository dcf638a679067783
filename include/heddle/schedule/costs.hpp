// What the actions of a schedule cost: seconds of each stage, and the links between neighbouring stages.
#pragma once

#include <limits>
#include <vector>

namespace heddle::schedule {

/// Seconds that one microbatch (or slice) takes on a stage, and what its end of the step takes.
struct StageCost {
  double forward = 0;
  double backward = 0;  ///< both gradients at once
  double backward_input = 0;
  double backward_weight = 0;
  double reduce_gradients = 0;
  double step = 0;
};

/// A message arrives latency + bytes / bandwidth seconds after it was sent; messages do not slow each other.
struct Link {
  double latency = 0;                                          ///< seconds
  double bandwidth = std::numeric_limits<double>::infinity();  ///< bytes a second
};

struct Costs {
  std::vector<StageCost> stages;
  Link link;
  std::vector<double>
      boundary_bytes;  ///< of a message between stage i and i + 1, either way; empty means none
};

}  // namespace heddle::schedule
