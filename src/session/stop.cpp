#include "heddle/session/stop.hpp"

#include <fmt/format.h>

namespace heddle::session {

void Stop::begin() const {
  if (signals_) signals_->listen();
}

std::string Stop::reason() const {
  const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  if (signals_ && signals_->requested()) return "a signal asked for it";
  if (limits_.max_seconds > 0 && seconds >= limits_.max_seconds)
    return fmt::format("train.max_seconds = {}", limits_.max_seconds);
  if (limits_.allocation && seconds >= *limits_.allocation) return "the job's time ends";
  return "";
}

}  // namespace heddle::session
