// What a deck says that its stages and links cost.
#pragma once

#include "heddle/plan/options.hpp"
#include "heddle/schedule/costs.hpp"

namespace heddle::plan {

/// The key of [cost] that says what a kind of action takes; it is one of schedule::timed_kinds.
deck::Figure figure_of(schedule::ActionKind kind);

/// The deck's [cost], with what `heddle bench` measured where cost.from names it. What is not given is taken
/// from `estimate`; without one, every F, I and W takes a second and nothing else takes time.
schedule::Costs costs_of(const Options& options, const schedule::Costs* estimate = nullptr);

}  // namespace heddle::plan
