// The inside of the watchdog, shared by its two halves: listening while waiting (watchdog.cpp) and the report
// that ends a run that hangs (hang_report.cpp).
#pragma once

#include <string>
#include <vector>

#include "heddle/comm/watchdog.hpp"
#include "notes.hpp"

namespace heddle::comm {

struct Watchdog::Board {
  Post post;
  double timeout = 300, grace = 3;  ///< seconds
  std::vector<std::string> hosts;   ///< of every rank
  std::int64_t epoch = 0;           ///< agreements so far
  std::optional<PeerFailed> failure;
  std::int64_t failure_epoch = -1;
  double told = -1;    ///< how long this wait had lasted when rank 0 was told that it is overdue
  bool asked = false;  ///< some rank is writing the report

  bool heard_failure() const { return failure && failure_epoch == epoch; }
  void look(const Waiting& what, double waited, Hearing hearing);
  void hear(const Post::Letter& letter, const Waiting& what, double waited);
  /// What an overdue wait does: tells rank 0, later takes over.
  void overdue(const Waiting& what, double waited);
  /// Asks all ranks, prints the table to stderr, ends every process with ExitCode::hang.
  [[noreturn]] void report(const Waiting& what, double waited);
};

}  // namespace heddle::comm
