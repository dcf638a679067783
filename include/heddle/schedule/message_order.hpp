// Whether messages of a schedule can be told apart by their order alone, as a device's message library does.
#pragma once

#include <optional>
#include <set>

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// What two ranks send each other from one stage to one of its neighbours.
struct Channel {
  PipelineRank from, to;
  std::size_t number;  ///< channel_of its messages

  friend auto operator<=>(const Channel&, const Channel&) = default;
};

/// All of them. Empty where a channel's messages are taken in an order in which they are not sent, or where the order is
/// decided while it runs.
std::optional<std::set<Channel>> ordered_channels(const Schedule& schedule);

}  // namespace heddle::schedule
