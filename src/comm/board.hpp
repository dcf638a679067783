// The inside of the watchdog. The rank's own thread says on it what it waits for and what it has finished (watchdog.cpp), the
// watchdog's reads that, listens to the others (listener.cpp), and reports (hang_report.cpp).
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "heddle/comm/watchdog.hpp"
#include "notes.hpp"
#include "whereabouts.hpp"

namespace heddle::comm {

using Answers = std::vector<std::optional<Note>>;  ///< by rank

struct Watchdog::Board {
  Board();
  ~Board();
  /// Nobody listens from now on. Before what ranks share is taken down, each in its own time.
  void end();

  Post post;
  std::atomic<double> timeout = 300, grace = 2;  ///< seconds
  std::atomic<std::uint64_t> finished = 0;       ///< by any thread

  // What both threads touch, and the lock of it.
  std::mutex mutex;
  std::vector<std::string> hosts;  ///< of every rank
  std::optional<Waiting> waiting;  ///< nothing: for nobody
  std::int64_t epoch = 0;          ///< agreements so far
  std::optional<PeerFailed> failure;
  std::int64_t failure_epoch = -1;

  /// What this rank waits for from now on, in exchange for what it waited for.
  std::optional<Waiting> exchange(std::optional<Waiting> what);
  /// Of this epoch.
  std::optional<PeerFailed> heard();
  void throw_failure(Hearing hearing);
  void count() { finished.fetch_add(1, std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;

  void listen();
  /// Of this rank's silence. Returns the seconds that count since the last call.
  double measure();
  void hear(const Post::Letter& letter);
  Note answer();
  /// Everybody's answers; nothing where this rank has gone on meanwhile, or one before it asks too.
  std::optional<Answers> ask_all();
  /// Whose answer is missing, and who has not owed it for the grace yet.
  bool waits_for_one(const Answers& answers) const;
  /// Reports where all have been silent for too long, and somebody waits or does not answer.
  void ask_who_hangs();
  [[noreturn]] void report(const Answers& answers);

  const Whereabouts of_rank_;  ///< of the rank's own thread
  Clock::time_point measured_ = Clock::now();
  std::uint64_t seen_ = 0;              ///< of what is finished
  std::optional<std::uint64_t> bytes_;  ///< written to files, looked at in silence
  double silence_ = 0;                  ///< seconds since then
  double excused_ = 0;                  ///< so much of it, since other ranks went on
  double held_off_ = 0;                 ///< seconds for which another rank asks
  std::vector<double> owes_;            ///< by rank, the seconds for which it has owed this one an answer
  std::atomic<bool> ends_ = false;
  std::thread thread_;  ///< where there are others
};

}  // namespace heddle::comm
