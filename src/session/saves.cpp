#include "heddle/session/saves.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace heddle::session {

void Saves::save(std::int64_t steps_done, Saving saving, const SampleQueue::Count& samples,
                 std::optional<double> validation_loss) {
  finish();
  try {
    if (saving != Saving::beside || !run_.asynchronous)
      say(checkpoints_.write(steps_done, samples, validation_loss));
    else
      checkpoints_.begin(steps_done, samples, validation_loss);
  } catch (const io::WriteFailure& failure) {
    if (saving == Saving::last) throw;
    go_on_without(steps_done, failure);
  }
}

/// A step that was settled before the writing began says nothing of it.
void Saves::look(const exec::StepResult& result) {
  if (const auto begun = checkpoints_.under_way(); begun && result.step >= *begun && !result.writes) finish();
}

void Saves::finish() {
  const auto begun = checkpoints_.under_way();
  if (!begun) return;
  try {
    say(checkpoints_.finish());
  } catch (const io::WriteFailure& failure) {
    go_on_without(*begun, failure);
  }
}

void Saves::say(const Written& checkpoint) {
  const double megabytes = static_cast<double>(checkpoint.bytes) / 1e6;
  run_.progress.say(fmt::format("step {}: checkpoint {}, {:.1f} MB at {:.2f} GB/s; training waited {:.2f} s",
                                checkpoint.steps_done, checkpoint.path, megabytes,
                                megabytes / 1e3 / std::max(checkpoint.seconds, 1e-9), checkpoint.waited));
  if (run_.world.rank() != 0) return;
  for (const std::string& line : checkpoints_.tidy()) run_.progress.warn("heddle: " + line);
}

void Saves::go_on_without(std::int64_t steps_done, const io::WriteFailure& failure) {
  if (run_.world.rank() != 0) return;
  run_.progress.warn(
      fmt::format("heddle: step {}: no checkpoint: {}; older ones stay", steps_done, failure.what()));
}

}  // namespace heddle::session
