// What a person sees while a run goes on: one line that renews itself on a terminal, a line now and then
// in a log.
#pragma once

#include <cstdint>
#include <string>

#include "heddle/exec/device_machine.hpp"
#include "heddle/exec/observer.hpp"

namespace heddle::session {

class Progress final : public exec::Observer {
 public:
  /// Only a voiced one writes. `tokens_per_step` counts the whole grid.
  enum class Voice { silent, speaks };
  Progress(Voice voice, std::int64_t steps, std::int64_t tokens_per_step, std::int64_t log_every);

  void step_begins(std::int64_t step) override;
  void step_ended(const exec::StepResult& result) override;
  /// A line of its own that stays.
  void say(const std::string& line);

 private:
  Voice voice_;
  std::int64_t steps_, tokens_per_step_, log_every_;
  bool terminal_;
  exec::Clock clock_;            ///< since the first step began
  std::int64_t shown_step_ = 0;  ///< where tokens/s is measured from
  double shown_seconds_ = 0;
  double rate_ = 0;  ///< tokens a second, lately
};

}  // namespace heddle::session
