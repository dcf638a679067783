// Something under way between ranks: a message, a collective, an exchange of many pieces.
#pragma once

#include <memory>
#include <span>

#include "heddle/comm/watchdog.hpp"

namespace heddle::comm {

/// Move-only. It begins once all is done that was enqueued before on the lane that it was given; once it is
/// done, work that is enqueued on that lane finds its result. What it reads and writes must stay untouched
/// until then; if it is a lanes::Memory, the request shares it, so that nothing is freed under it. It moves
/// on only while somebody tests or waits for any request. Dropping one that is not done is for a run that is
/// failing: its receives are cancelled, and its memory may still be read and written until World ends.
class Request {
 public:
  struct State;

  Request();  ///< done from the start
  explicit Request(std::unique_ptr<State> state);
  Request(Request&&) noexcept;
  Request& operator=(Request&&) noexcept;
  ~Request();

  bool done() const { return state_ == nullptr; }
  /// Whether a device does it, on a lane of its own: nobody needs to move it on.
  bool on_device() const;
  /// Moves it on without waiting; true once it is done. Throws Error if the message library fails.
  bool test();
  /// Moves it on; true where wait() would return at once: it is done, or the lane will wait for it in the host's place.
  bool settled();

 private:
  friend void wait(Request& request, const Waiting& what);
  std::unique_ptr<State> state_;
};

/// Tests one after the other up to the first that is not done; true once all are.
bool test_all(std::span<Request> requests);

/// Returns when `request` is done, or, of what a device does, when the lane that it was given waits for it: work that is
/// enqueued from then on finds its result. Yields the core meanwhile, and is a wait that the watchdog knows
/// (watchdog.hpp).
void wait(Request& request, const Waiting& what);

}  // namespace heddle::comm
