#include "heddle/session/stop.hpp"

#include <fmt/format.h>

namespace heddle::session {

void Stop::begin() const {
  if (signals_) signals_->listen();
}

bool Stop::wanted() const { return (signals_ && signals_->requested()) || is_long() || is_last(); }

std::string Stop::reason() const {
  if (signals_ && signals_->requested()) return signals_->request();
  if (is_long()) return fmt::format("train.max_seconds = {}", limits_.max_seconds);
  return is_last() ? "the job's time ends" : "";
}

}  // namespace heddle::session
