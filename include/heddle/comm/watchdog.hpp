// The hang watchdog: every wait knows its action, and a wait that takes too long ends the run with a table of
// what every rank waits for. It also carries the news that some rank has failed, so that the others stop
// waiting for it.
//
// Ranks talk about this over a communicator of their own, looked at only from inside waits. The rank whose
// wait exceeds the timeout tells rank 0, which asks all ranks, prints one table to stderr and ends every
// process with exit code 4. If rank 0 does not take over, the rank that noticed does the same. Ranks that do
// not answer within the grace are listed as "no answer (busy or dead)".
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
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

  /// Seconds that one wait may take; the default is 300. The grace is how long a report waits for answers.
  void set_timeout(double seconds, double grace = 3);
  double timeout() const;

  /// Tells every rank that this one fails; their waits throw PeerFailed.
  void tell_failure(ExitCode code);
  /// True if another rank's failure has been heard of since the last end_of_failures().
  bool heard_failure() const;
  /// All ranks have agreed on how to go on: older news are stale.
  void end_of_failures();

  struct Board;

 private:
  friend class Wait;
  friend class World;
  std::unique_ptr<Board> board_;
};

/// One wait, from construction to destruction: `Wait wait(dog, what); while (!ready()) wait.idle();`
class Wait {
 public:
  Wait(Watchdog& watchdog, Waiting what, Hearing hearing = Hearing::failures);
  /// What it waits for is asked whenever another rank wants to know.
  Wait(Watchdog& watchdog, std::function<Waiting()> what, Hearing hearing = Hearing::failures);
  /// One fruitless turn. Yields the core after some turns, answers other ranks now and then; throws
  /// PeerFailed; ends the process if the timeout is exceeded.
  void idle();

 private:
  using Clock = std::chrono::steady_clock;
  Watchdog::Board& board_;
  std::function<Waiting()> what_;
  Hearing hearing_;
  int turns_ = 0;
  Clock::time_point begin_, looked_;
};

}  // namespace heddle::comm
