// The hang watchdog: every wait knows its action, and a run in which no rank finishes anything for too long ends with
// a table of what every rank waits for. It also carries the news that some rank has failed, so that the others stop
// waiting for it.
//
// It is a thread beside the rank's own, so a rank answers whatever it does, inside a library too: only one whose process
// is stopped or dead does not. The threads talk over a communicator of their own. A rank is silent since it last
// finished something - a wait, an action, a part of a long task - and time in which its process could not run does not
// count. One that has been silent for the timeout asks all. If nobody who answers has finished anything meanwhile, and
// somebody waits or does not answer within the grace, it prints one table to stderr and ends every process with exit
// code 4 (docs/design/0028-the-watchdog-is-a-thread.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "heddle/base/error.hpp"

namespace heddle::comm {

/// What a rank waits for.
struct Waiting {
  std::string action;          ///< "2F3 from stage 1": at most 95 characters are shown to other ranks
  int partner = -1;            ///< the world rank that it hangs on, -1 where that is a group
  std::int64_t position = -1;  ///< how many actions this rank has finished, -1 where nobody counts
};

/// What a wait throws when another rank has failed: that rank has the message to print, this one has none.
class PeerFailed : public Error {
 public:
  PeerFailed(ExitCode code, int rank);
};

/// Whether news of a failed rank end a wait.
enum class Hearing { failures, nothing };

class Watchdog {
 public:
  /// Collective over the run.
  Watchdog();
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Seconds of silence before a rank asks the others; the default is 300. The grace is how long it waits for answers.
  void set_timeout(double seconds, double grace = 2);
  /// This rank has finished something, as it does at the end of each wait. Throws PeerFailed if it shall hear of that.
  void progressed(Hearing hearing = Hearing::nothing);

  /// Tells every rank that this one fails; their waits throw PeerFailed.
  void tell_failure(ExitCode code);
  /// True if another rank's failure has been heard of since the last end_of_failures().
  bool heard_failure() const;
  /// All ranks have agreed on how to go on: older news are stale.
  void end_of_failures();

  struct Board;

 private:
  friend class Away;
  friend class Wait;
  friend class World;
  std::unique_ptr<Board> board_;
};

/// One wait, from construction to destruction: `Wait wait(dog, what); while (!ready()) wait.idle();`
class Wait {
 public:
  Wait(Watchdog& watchdog, Waiting what, Hearing hearing = Hearing::failures);
  /// What it waits for may change meanwhile.
  Wait(Watchdog& watchdog, std::function<Waiting()> what, Hearing hearing = Hearing::failures);
  ~Wait();
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  /// One fruitless turn. Yields the core after some turns, tells the watchdog what it waits for now and then; throws
  /// PeerFailed.
  void idle();

 private:
  using Clock = std::chrono::steady_clock;
  Watchdog::Board& board_;
  std::function<Waiting()> what_;
  Hearing hearing_;
  int turns_ = 0;
  Clock::time_point looked_ = Clock::now();
  std::optional<Waiting> around_;  ///< what this rank waited for when it began, once it has told
  bool told_ = false;
};

}  // namespace heddle::comm
