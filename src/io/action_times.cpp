#include "action_times.hpp"

#include <algorithm>

#include "newest_steps.hpp"

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
  settle_older(newest_, [&](const Span& span) { add(past_, span); });
}

void ActionTimes::add(StepTimes& steps, const Span& span) {
  ++steps.steps;
  steps.seconds += span.end - span.begin;
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
  for (const auto& [step, span] : newest_) add(all, span);
  return all;
}

}  // namespace heddle::io
