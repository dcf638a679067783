// What the actions of a schedule cost: seconds of each stage, and the links between neighbouring stages.
#pragma once

#include <limits>
#include <vector>

#include "heddle/schedule/action.hpp"

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

/// A message arrives latency + bytes / bandwidth seconds after it was sent. With contention those from one rank to
/// another share a link, which carries one after another: bytes / bandwidth each, in the order in which they were sent.
/// The way back is a link of its own.
struct Link {
  double latency = 0;                                          ///< seconds
  double bandwidth = std::numeric_limits<double>::infinity();  ///< bytes a second
  bool contention = false;
};

struct Costs {
  std::vector<StageCost> stages;
  Link link;
  std::vector<double>
      boundary_bytes;            ///< of a message between stage i and i + 1, either way; empty means none
  std::vector<Link> links = {};  ///< between stage i and i + 1; empty: all are `link`
  /// STEP waits until every stage of the pipeline has reduced its gradients, since the norm of all of them scales it.
  bool steps_together = false;

  /// Of a send or a receive.
  const Link& link_of(const Action& message) const;
  double bytes_of(const Action& message) const;
};

}  // namespace heddle::schedule
