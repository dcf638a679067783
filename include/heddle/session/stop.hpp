// When a run stops before its last step, so that it can go on later.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "heddle/comm/world.hpp"
#include "heddle/deck/deck.hpp"
#include "heddle/session/stop_signals.hpp"

namespace heddle::session {

/// What a rank knows of it.
class Stop {
 public:
  /// Each, if any. `signals` may be null.
  struct Limits {
    double max_seconds = 0;                 ///< train.max_seconds, from `begin` on; 0: none
    std::optional<double> allocation = {};  ///< from now until the launcher's job ends, less what is reserved
  };
  using Clock = std::chrono::steady_clock;
  Stop(Limits limits, const StopSignals* signals, Clock::time_point begin)
      : limits_(limits), signals_(signals), begin_(begin) {}

  /// From now on a signal is a request, no longer the end.
  void begin() const;
  bool wanted() const { return !reason().empty(); }
  /// By a signal, which this rank has had.
  bool signalled() const { return signals_ && !signals_->request().empty(); }
  /// Empty where this rank knows of none.
  std::string reason() const;

 private:
  Limits limits_;
  const StopSignals* signals_;
  Clock::time_point begin_, asked_ = Clock::now();
};

/// Rank 0 asks the launcher.
Stop::Limits limits_of(const deck::Train& train, const comm::World& world);

}  // namespace heddle::session
