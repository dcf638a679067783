// Costs that several tests simulate with.
#pragma once

#include "heddle/schedule/costs.hpp"

namespace heddle::schedule {

/// Of stages that are equally long; messages take no time.
inline Costs equal_costs(int stages, double forward, double input, double weight) {
  const StageCost cost = {{ActionKind::forward, forward},
                          {ActionKind::backward, input + weight},
                          {ActionKind::backward_input, input},
                          {ActionKind::backward_weight, weight}};
  return {.stages = std::vector<StageCost>(stages, cost), .link = {}, .boundary_bytes = {}};
}

}  // namespace heddle::schedule
