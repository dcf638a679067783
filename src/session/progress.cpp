#include "heddle/session/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "heddle/base/duration.hpp"
#include "heddle/base/outcome.hpp"

namespace heddle::session {
namespace {

constexpr double refresh = 0.2;  // seconds between two looks at a terminal

}  // namespace

Progress::Progress(Voice voice, std::int64_t steps, std::int64_t tokens_per_step, std::int64_t log_every)
    : voice_(voice),
      steps_(steps),
      tokens_per_step_(tokens_per_step),
      log_every_(std::max<std::int64_t>(log_every, 1)),
      terminal_(isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) {
}  // mpirun gives every rank a terminal to write to

void Progress::step_begins(std::int64_t step) {
  if (step == 0) clock_ = {};
}

void Progress::step_ended(const exec::StepResult& result) {
  if (voice_ == Voice::silent) return;
  const std::int64_t step = result.step + 1;
  const double seconds = clock_.now();
  const bool stays = step % log_every_ == 0 || step == 1 || step == steps_;
  if (!stays && !(terminal_ && seconds - shown_seconds_ >= refresh)) return;
  if (seconds > shown_seconds_)
    rate_ = static_cast<double>((step - shown_step_) * tokens_per_step_) / (seconds - shown_seconds_);
  shown_step_ = step;
  shown_seconds_ = seconds;
  const double left = seconds / static_cast<double>(step) * static_cast<double>(steps_ - step);
  fmt::print("{}step {:>{}}/{}  loss {:.4f}  |g| {:.3f}  {:.0f} tokens/s  {} left{}",
             terminal_ ? "\r\x1b[K" : "", step, std::to_string(steps_).size(), steps_, result.loss,
             result.gradient_norm, rate_, duration(left), stays ? "\n" : "");
  flush_output();
}

void Progress::say(const std::string& line) {
  if (voice_ == Voice::silent) return;
  fmt::print("{}{}\n", terminal_ ? "\r\x1b[K" : "", line);
  flush_output();
}

}  // namespace heddle::session
