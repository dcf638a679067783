#include "heddle/session/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "heddle/base/duration.hpp"
#include "heddle/base/outcome.hpp"
#include "heddle/base/terminal.hpp"
#include "run_log.hpp"

namespace heddle::session {
namespace {

constexpr double refresh = 0.2;         // seconds between two looks at a terminal
constexpr double long_evaluation = 10;  // seconds, of which a log tells beforehand

}  // namespace

Progress::Progress(Voice voice, std::int64_t steps, std::int64_t tokens_per_step, std::int64_t log_every)
    : voice_(voice),
      steps_(steps),
      tokens_per_step_(tokens_per_step),
      log_every_(std::max<std::int64_t>(log_every, 1)),
      terminal_(is_terminal(STDOUT_FILENO)) {}

Progress::~Progress() = default;

void Progress::keep_log(const std::string& path, Older older) {
  log_ = std::make_unique<RunLog>(path, older);
}

void Progress::step_begins(std::int64_t step) {
  if (first_) return;
  first_ = shown_step_ = step;
  clock_ = {};
}

/// From the steps after the first; after it nothing can be foretold.
std::string Progress::time_left(std::int64_t steps_done, double seconds) const {
  if (steps_done < *first_ + 2) return "";
  const double each = (seconds - first_seconds_) / static_cast<double>(steps_done - *first_ - 1);
  return fmt::format("  {} left", duration(each * static_cast<double>(steps_ - steps_done)));
}

void Progress::step_ended(const exec::StepResult& result) {
  if (voice_ == Voice::silent && !log_) return;
  const std::int64_t step = result.step + 1;
  const double seconds = clock_.now();
  const bool is_first = step == *first_ + 1;
  if (is_first) first_seconds_ = seconds;
  const bool stays = step % log_every_ == 0 || is_first || step == steps_;
  if (!stays && !(voice_ == Voice::speaks && terminal_ && seconds - shown_seconds_ >= refresh)) return;
  if (seconds > shown_seconds_)
    tokens_per_second_ =
        static_cast<double>((step - shown_step_) * tokens_per_step_) / (seconds - shown_seconds_);
  shown_step_ = step;
  shown_seconds_ = seconds;
  const auto line = [&](const std::string& loss) {
    return fmt::format("step {:>{}}/{}  loss {}  |g| {:.3f}  rate {:.3g}  {:.0f} tokens/s{}", step,
                       std::to_string(steps_).size(), steps_, loss, result.gradient_norm, result.rate,
                       tokens_per_second_, time_left(step, seconds));
  };
  const std::string loss = fmt::format("{:.4f}", result.loss);
  if (stays) log(line(loss));
  print(line(coloured(Colour::green, loss, STDOUT_FILENO)), stays ? "\n" : "");
}

void Progress::evaluates(std::int64_t step, std::int64_t windows_done, std::int64_t windows) {
  if (windows_done == 0) {
    evaluation_ = {};
    return;
  }
  const double seconds = evaluation_.clock.now(), left = seconds / static_cast<double>(windows_done) *
                                                         static_cast<double>(windows - windows_done);
  const bool tells = !evaluation_.told && seconds >= 1 && seconds + left >= long_evaluation;
  if (!tells && !(terminal_ && seconds - evaluation_.shown >= refresh)) return;
  evaluation_.shown = seconds;
  const std::string line = fmt::format("step {}: validation, {} of {} windows  {} left", step, windows_done,
                                       windows, duration(left));
  if (!tells) return print(line, "");
  evaluation_.told = true;
  say(line);
}

void Progress::print(const std::string& line, const char* end) const {
  if (voice_ == Voice::silent) return;
  fmt::print("{}{}{}", terminal_ ? "\r\x1b[K" : "", line, end);
  flush_output();
}

void Progress::say(const std::string& line) {
  log(line);
  print(line, "\n");
}

void Progress::warn(const std::string& line) {
  log(line);
  print_warning(line);
}

void Progress::log(const std::string& line) {
  if (log_) log_->add(line);
}

}  // namespace heddle::session
