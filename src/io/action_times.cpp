#include "action_times.hpp"

#include <algorithm>

namespace heddle::io {

void ActionTimes::add(std::span<const std::vector<EventRow>> ranks) {
  for (std::size_t rank = 0; rank < ranks.size(); ++rank)
    for (const auto& [step, event] : ranks[rank]) {
      Time& time = ranks_.at(rank)[static_cast<std::size_t>(event.action.kind)];
      ++time.actions;
      time.seconds += event.end - event.begin;
      Span& span = newest_.try_emplace(step, Span{event.begin, event.end}).first->second;
      span = {std::min(span.begin, event.begin), std::max(span.end, event.end)};
    }
  constexpr std::size_t unsettled = 2;
  for (; newest_.size() > unsettled; newest_.erase(newest_.begin())) {
    ++past_.steps;
    past_.seconds += newest_.begin()->second.end - newest_.begin()->second.begin;
  }
}

std::vector<ActionTime> ActionTimes::rows() const {
  std::vector<ActionTime> rows;
  for (std::size_t rank = 0; rank < ranks_.size(); ++rank)
    for (std::size_t kind = 0; kind < ranks_[rank].size(); ++kind)
      rows.push_back({static_cast<std::int64_t>(rank), static_cast<schedule::ActionKind>(kind),
                      ranks_[rank][kind].actions, ranks_[rank][kind].seconds});
  return rows;
}

StepTimes ActionTimes::steps() const {
  StepTimes all = past_;
  for (const auto& [step, span] : newest_) {
    ++all.steps;
    all.seconds += span.end - span.begin;
  }
  return all;
}

}  // namespace heddle::io
