#include "heddle/session/stop.hpp"

#include <fmt/format.h>

#include "heddle/session/allocation.hpp"

namespace heddle::session {

void Stop::begin() const {
  if (signals_) signals_->listen();
}

std::string Stop::reason() const {
  if (std::string request = signals_ ? signals_->request() : ""; !request.empty()) return request;
  const auto seconds_since = [](Clock::time_point then) {
    return std::chrono::duration<double>(Clock::now() - then).count();
  };
  if (limits_.max_seconds > 0 && seconds_since(begin_) >= limits_.max_seconds)
    return fmt::format("train.max_seconds = {}", limits_.max_seconds);
  return limits_.allocation && seconds_since(asked_) >= *limits_.allocation ? "the job's time ends" : "";
}

Stop::Limits limits_of(const deck::Train& train, const comm::World& world) {
  std::optional<double> allocation = world.rank() == 0 ? seconds_of_allocation() : std::nullopt;
  if (allocation) *allocation -= train.reserve_seconds;
  return {train.max_seconds, allocation};
}

}  // namespace heddle::session
