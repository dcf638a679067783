#include "heddle/schedule/row_walker.hpp"

#include <fmt/format.h>

namespace heddle::schedule {

RowWalker::RowWalker(const Schedule& schedule, Dependencies dependencies)
    : schedule_(&schedule),
      dependencies_(std::move(dependencies)),
      done_(extents_of(schedule)),
      position_(schedule.rows.size(), 0),
      waits_(schedule.rows.size(), false) {}

std::optional<Need> RowWalker::unmet(const Action& action) const {
  const Needs needs = dependencies_.of(action);
  const Need* need = needs.first_unmet([&](const Action& other) { return done_[other] != 0; });
  return need ? std::optional(*need) : std::nullopt;
}

bool RowWalker::ready(PipelineRank rank) {
  if (waits_[rank]) return false;
  const auto need = unmet(next(rank));
  if (!need) return true;
  waits_[rank] = true;
  awaiting_.emplace(need->either, rank);
  return false;
}

const Action& RowWalker::take(PipelineRank rank) {
  const Action& action = next(rank);
  ++position_[rank];
  done_[action] = 1;
  wake(action);
  if (action.kind == ActionKind::backward_input) {  // which meets the needs of a B too
    Action backward = action;
    backward.kind = ActionKind::backward;
    wake(backward);
  }
  return action;
}

void RowWalker::wake(const Action& done) {
  const auto [begin, end] = awaiting_.equal_range(done);
  for (auto it = begin; it != end; ++it) {
    waits_[it->second] = false;
    woken_.push_back(it->second);
  }
  awaiting_.erase(begin, end);
}

std::vector<PipelineRank> RowWalker::unfinished() const {
  std::vector<PipelineRank> left;
  for (const PipelineRank rank : first<PipelineRank>(ranks()))
    if (!at_end(rank)) left.push_back(rank);
  return left;
}

std::optional<Problem> RowWalker::first_blocked() const {
  const std::vector<PipelineRank> left = unfinished();
  if (left.empty()) return {};
  const PipelineRank rank = left.front();
  const Action& action = next(rank);
  return Problem{never_starts(rank, position_[rank], action),
                 fmt::format("it waits for {}", name(unmet(action)->either))};
}

}  // namespace heddle::schedule
