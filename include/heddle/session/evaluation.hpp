// How good a model is on text that it does not learn.
#pragma once

#include <cstdint>

#include "heddle/data/dataset.hpp"
#include "heddle/session/trainer.hpp"

namespace heddle::session {

/// Collective. The mean loss of so many windows of the held-out part, a batch at a time.
double evaluate(Trainer& trainer, const data::Dataset& dataset, std::int64_t windows);

}  // namespace heddle::session
