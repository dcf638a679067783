#include "heddle/exec/lane_events.hpp"

#include <algorithm>

namespace heddle::exec {

void LaneEvents::action_ended(const schedule::Event& event) {
  if (!lane_.stream()) return tell(event);
  pending_.push_back({event, machine_.span()});
  if (telling_ == Telling::each_in_turn) return finish();
  tell_passed();
}

void LaneEvents::finish() {
  for (const Pending& one : pending_) lane_.wait(one.span.end, "the lane's work of this step");
  tell_passed();
}

void LaneEvents::tell_passed() {
  for (; !pending_.empty() && pending_.front().span.end.passed(); pending_.pop_front()) {
    auto& [event, span] = pending_.front();
    event.begin = span.waited ? last_end_ : clock_.at(span.begin.when());
    event.end = std::max(event.begin, clock_.at(span.end.when()));
    tell(event);
  }
}

void LaneEvents::tell(const schedule::Event& event) {
  last_end_ = event.end;
  told_.action_ended(event);
}

}  // namespace heddle::exec
