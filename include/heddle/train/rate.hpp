// The learning rate of a step.
#pragma once

#include <cstdint>

#include "heddle/deck/deck.hpp"

namespace heddle::train {

/// The rate of step 0, 1, ... of `steps`. It rises in a line over the warm-up, (step + 1) / (warmup + 1) of `rate`;
/// then, as the deck chooses:
///  - cosine: half a cosine from `rate` to `final_rate`, which is reached at step `decay` (0: `steps`, as the run ends) and kept;
///  - wsd (warm-up, stable, decay; Hu et al., arXiv 2404.06395): `rate`, and a line to `final_rate` over the last `decay`;
///  - constant: `rate`.
double learning_rate(const deck::Optimizer& optimizer, std::int64_t step, std::int64_t steps);

}  // namespace heddle::train
