// What a process does when a signal tells it to end.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace heddle::session {

/// While it lives SIGTERM, SIGINT, SIGUSR1 and SIGUSR2 are requests to stop, once somebody listens: this rank says one line, and the run ends after
/// its step with a checkpoint. Until somebody listens, and at a second SIGINT, the process says one line and ends as it would have, as it
/// does by SIGHUP and SIGXCPU. Where the launcher tells all ranks, rank 0 speaks for them. One of a process.
///
/// A thread of its own hears them: the one that makes this, and those that it starts from then on, do not. Libraries that compile their kernels
/// (oneDNN) use the stack pointer for other things, and a handler would write into what it points to.
class StopSignals {
 public:
  explicit StopSignals(int rank);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// From now on `request` is asked, step by step.
  void listen() const;
  /// "SIGTERM on rank 1"; empty where nothing was requested.
  std::string request() const;

 private:
  void wait();

  int rank_;
  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace heddle::session
