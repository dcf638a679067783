#include "heddle/comm/watch_over.hpp"

#include <utility>

#include "board.hpp"
#include "communicator_handle.hpp"

namespace heddle::comm {

// News of a failed rank end such a wait only where the lane may wait for that rank; else its work comes to its end.
void watch_over(const lanes::Lane& lane, const Communicator& ranks) {
  lane.wait_through([&shared = *ranks.handle().shared](const char* what, const lanes::Mark& mark) {
    const auto hangs_on = [&] { return shared.awaited.oldest().value_or(Waiting{what}); };
    const Hearing hearing = shared.device ? Hearing::failures : Hearing::nothing;
    for (Wait turn(shared.watchdog, hangs_on, hearing); !mark.passed(); turn.idle()) shared.move_on();
  });
}

Away::Away(const Communicator& ranks, const std::string& doing)
    : board_(*ranks.watchdog().board_), around_(board_.exchange(Waiting{doing})) {}

Away::~Away() {
  board_.exchange(std::move(around_));
  board_.count();
}

}  // namespace heddle::comm
