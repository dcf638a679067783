#include "starts.hpp"

#include <utility>

namespace heddle::comm {

void Starts::move_on() {
  while (!waiting_.empty() && waiting_.front()->ready.passed()) {
    Request::State& state = *waiting_.front();
    waiting_.pop_front();
    std::exchange(state.start, {})(state);
  }
}

}  // namespace heddle::comm
