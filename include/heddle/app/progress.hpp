// What a person sees while a run goes on: one line that renews itself on a terminal, a line now and then in a log.
#pragma once

#include <cstdint>
#include <string>

namespace heddle::app {

class Progress {
 public:
  /// Only a voiced one writes. `tokens_per_step` counts the whole grid.
  enum class Voice { silent, speaks };
  Progress(Voice voice, std::int64_t steps, std::int64_t tokens_per_step, std::int64_t log_every);

  /// After step `step` (1, 2, ...) at `seconds` since the first began.
  void show(std::int64_t step, double seconds, double loss, double gradient_norm);
  /// A line of its own that stays.
  void say(const std::string& line);

 private:
  Voice voice_;
  std::int64_t steps_, tokens_per_step_, log_every_;
  bool terminal_;
  std::int64_t shown_step_ = 0;  ///< where tokens/s is measured from
  double shown_seconds_ = 0;
  double rate_ = 0;  ///< tokens a second, lately
};

}  // namespace heddle::app
