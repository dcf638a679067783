#include "heddle/comm/watch_over.hpp"

#include <fmt/format.h>

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

Away::Away(const Communicator& ranks, const std::string& doing) {
  const auto timeout = std::chrono::duration<double>(ranks.handle().shared->watchdog.timeout());
  const int rank = ranks.world_rank(ranks.rank());
  says_so_ = std::thread([this, timeout, rank, doing] {
    std::unique_lock hold(mutex_);
    for (int times = 1; !changed_.wait_for(hold, timeout, [this] { return back_; }); ++times)
      fmt::print(stderr, "heddle: rank {} has been {} for {:g} s (comm.timeout)\n", rank, doing,
                 times * timeout.count());
  });
}

Away::~Away() {
  {
    const std::lock_guard hold(mutex_);
    back_ = true;
  }
  changed_.notify_one();
  says_so_.join();
}

}  // namespace heddle::comm
