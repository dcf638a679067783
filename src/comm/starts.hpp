// Requests whose lane has not come as far as them yet. The message library demands one order of starts on all
// ranks, and a lane keeps its order, so they start in the order in which they were asked for.
#pragma once

#include <deque>

#include "request_state.hpp"

namespace heddle::comm {

class Starts {
 public:
  void add(Request::State& state) { waiting_.push_back(&state); }
  /// Of one that is dropped before it began.
  void remove(const Request::State& state) { std::erase(waiting_, &state); }
  /// Starts those whose turn has come. To be called from whatever waits, since others may wait for what
  /// is sent here.
  void move_on();

 private:
  std::deque<Request::State*> waiting_;
};

}  // namespace heddle::comm
