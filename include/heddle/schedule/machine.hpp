// What carries out the actions of one pipeline rank. Null, simulated and device machines stand behind this
// face, and the one loop of interpreter.hpp drives them all.
#pragma once

#include <optional>
#include <span>

#include "heddle/schedule/event.hpp"

namespace heddle::schedule {

/// How many messages of one channel may be sent before the receive of the first is posted.
inline constexpr int default_channel_capacity = 2;

class Machine {
 public:
  virtual ~Machine() = default;

  /// Would `finish` complete without waiting for another rank? Never blocks, has no effect that a caller
  /// can see.
  ///  - a receive: its data has arrived (only true after `start` posted it)
  ///  - a send: its data is made and a channel buffer is free
  ///  - a computation, reduction or step: its inputs are there
  virtual bool ready(const Action& action) = 0;

  /// The first of these that is ready, as an index; the loop will do it next. Asked where a rank may choose.
  virtual std::optional<std::size_t> first_ready(std::span<const Action> actions) {
    for (std::size_t i = 0; i < actions.size(); ++i)
      if (ready(actions[i])) return i;
    return {};
  }

  /// Begins an action. A receive is posted, possibly many actions before its place in the row, and needs no
  /// `ready`; every other action must be ready.
  virtual void start(const Action& action) = 0;

  /// Completes an action that was started and is ready, and says when it ran. For a receive the data has
  /// arrived; for a send the data is handed over, its buffer may still be in flight.
  virtual Event finish(const Action& action) = 0;
};

}  // namespace heddle::schedule
