// Training goes on on another grid: parameters and moments move from one trainer to another, in memory.
#pragma once

#include "heddle/session/trainer.hpp"

namespace heddle::session {

/// A trainer's side of the move: its plan, which every rank knows, and the trainer itself, null on ranks that
/// its grid does not have. The ranks of its grid are the first of those that take part.
template <class T>
struct Side {
  const plan::Plan& plan;
  T* trainer = nullptr;
};

/// Collective over `ranks`. What `from` keeps from step to step comes to `to`, part by part, by maps::fill;
/// the next step of `to` is the one that `from` would have taken, to rounding. Settles `from`. Throws
/// Error(usage) if the two are not of one model, or not of one number type.
void move_state(const comm::Communicator& ranks, Side<Trainer> from, Side<Trainer> to);

}  // namespace heddle::session
