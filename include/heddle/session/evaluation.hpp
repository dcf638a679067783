// How good a model is on text that it does not learn.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "heddle/data/dataset.hpp"
#include "heddle/session/trainer.hpp"

namespace heddle::session {

/// Collective: asked before each batch, after so many windows, whether to leave off. The same on every rank.
using LeavesOff = std::function<bool(std::int64_t windows_done)>;

/// Collective. The mean loss of so many windows of the held-out part, a batch at a time; nothing where it was left off.
std::optional<double> evaluate(Trainer& trainer, const data::Dataset& dataset, std::int64_t windows,
                               const LeavesOff& leaves_off);

}  // namespace heddle::session
