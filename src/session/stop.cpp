#include "heddle/session/stop.hpp"

#include <fmt/format.h>

#include "heddle/session/allocation.hpp"

namespace heddle::session {

void Stop::begin() const {
  if (signals_) signals_->listen();
}

std::string Stop::reason() const {
  if (std::string request = signals_ ? signals_->request() : ""; !request.empty()) return request;
  const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  if (limits_.max_seconds > 0 && seconds >= limits_.max_seconds)
    return fmt::format("train.max_seconds = {}", limits_.max_seconds);
  return limits_.allocation && seconds >= *limits_.allocation ? "the job's time ends" : "";
}

Stop::Limits limits_of(const deck::Train& train, const comm::World& world) {
  std::optional<double> allocation = world.rank() == 0 ? seconds_of_allocation() : std::nullopt;
  if (allocation) *allocation -= train.reserve_seconds;
  return {train.max_seconds, allocation};
}

}  // namespace heddle::session
