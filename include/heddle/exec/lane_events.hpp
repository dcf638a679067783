// Events take their times from the lane that did the work.
#pragma once

#include <deque>

#include "heddle/exec/device_machine.hpp"
#include "heddle/schedule/observer.hpp"

namespace heddle::exec {

enum class Telling { late, each_in_turn };

/// Tells an observer of each action once the lane has done its work, with the lane's times. The host's lane
/// has done it by the end of the action, so that an event passes as it is; on a late lane the next action may
/// have begun by then, but where each piece of an action is waited for anyway.
class LaneEvents final : public schedule::Observer {
 public:
  /// All must outlive it.
  LaneEvents(const DeviceMachine& machine, const lanes::Lane& lane, const Clock& clock, Telling telling,
             schedule::Observer& told)
      : machine_(machine),
        lane_(lane),
        clock_(clock),
        telling_(telling),
        told_(told),
        last_end_(clock.now()) {}

  void action_begins(const schedule::Action& action) override { told_.action_begins(action); }
  void action_ended(const schedule::Event& event) override;
  /// Waits for the events that are still to come.
  void finish();

 private:
  struct Pending {
    schedule::Event event;
    Span span;
  };
  void tell_passed();
  void tell(const schedule::Event& event);

  const DeviceMachine& machine_;
  const lanes::Lane& lane_;
  const Clock& clock_;
  Telling telling_;
  schedule::Observer& told_;
  std::deque<Pending> pending_;  ///< in their order
  double last_end_;
};

}  // namespace heddle::exec
