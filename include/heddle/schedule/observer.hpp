// Who watches a rank carry out its row, on whatever machine.
#pragma once

#include <vector>

#include "heddle/schedule/event.hpp"

namespace heddle::schedule {

/// Told of every action of the row (F, B, I, W, sends, receives, REDUCE_GRAD, STEP): actions follow one
/// another, and none lies within another. What it throws ends the run.
class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;

  /// The loop has come to the action; it may yet have to wait until it is ready.
  virtual void action_begins(const Action& /*action*/) {}
  virtual void action_ended(const Event& /*event*/) {}
};

/// Keeps the events.
class EventRecorder final : public Observer {
 public:
  void action_ended(const Event& event) override { events.push_back(event); }

  std::vector<Event> events;
};

}  // namespace heddle::schedule
