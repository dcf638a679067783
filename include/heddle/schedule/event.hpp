// What happened: an action and when. Measured and predicted timelines have this one schema.
#pragma once

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// Seconds since the run's start, on a real clock or a virtual one.
struct Event {
  Action action;
  double begin = 0;
  double end = 0;

  friend bool operator==(const Event&, const Event&) = default;
};

}  // namespace heddle::schedule
