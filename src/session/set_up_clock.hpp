// How long a run's parts take until it can train.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>

#include "heddle/base/process_begin.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/session/stop.hpp"

namespace heddle::session {

class SetUpClock {
 public:
  using Part = double io::SetUp::*;

  /// `begin` is when the program began to set itself up, after its launch.
  explicit SetUpClock(Stop::Clock::time_point begin) {
    took_.launch = std::max(0.0, seconds_of_this_process() - seconds_since(begin));
  }

  /// What `make` makes, whose time is the part's.
  template <class Make>
  auto of(Part part, Make&& make) {
    const Timed timed{*this, part};
    return make();
  }
  /// It is over now.
  void end() { took_.rest = took_.launch + seconds_since(begin_) - took_.all(); }
  const io::SetUp& took() const { return took_; }

 private:
  struct Timed {
    SetUpClock& clock;
    Part part;
    Stop::Clock::time_point begin = Stop::Clock::now();
    ~Timed() { clock.took_.*part += seconds_since(begin); }
  };
  static double seconds_since(Stop::Clock::time_point then) {
    return std::chrono::duration<double>(Stop::Clock::now() - then).count();
  }

  Stop::Clock::time_point begin_ = Stop::Clock::now();
  io::SetUp took_;
};

/// "set up in 1.92 s: launch 0.61, plan 0.02, ...".
std::string text(const io::SetUp& took);

}  // namespace heddle::session
