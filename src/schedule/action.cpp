// Names and partners of actions.
#include "heddle/schedule/action.hpp"

#include <fmt/format.h>

namespace heddle::schedule {

std::string_view name(ActionKind kind) {
  constexpr std::string_view names[action_kind_count] = {
      "F", "B", "I", "W", "SEND_F", "RECV_F", "SEND_B", "RECV_B", "REDUCE_GRAD", "STEP"};
  return names[static_cast<int>(kind)];
}

std::string name(const Action& action) {
  std::string cell = fmt::format("{}{}", action.stage, name(action.kind));
  if (action.microbatch >= 0) cell += std::to_string(action.microbatch);
  if (action.slice > 0) cell += fmt::format(".{}", action.slice);
  return cell;
}

Stage partner_stage(const Action& action) {
  const bool later = action.kind == ActionKind::send_forward || action.kind == ActionKind::receive_backward;
  return action.stage + (later ? 1 : -1);
}

Action counterpart(const Action& action) {
  Action other = action;
  other.stage = partner_stage(action);
  switch (action.kind) {
    case ActionKind::send_forward: other.kind = ActionKind::receive_forward; break;
    case ActionKind::receive_forward: other.kind = ActionKind::send_forward; break;
    case ActionKind::send_backward: other.kind = ActionKind::receive_backward; break;
    default: other.kind = ActionKind::send_backward; break;
  }
  return other;
}

ById<Stage, PipelineRank> one_stage_a_rank(int ranks) {
  ById<Stage, PipelineRank> rank_of_stage;
  for (const PipelineRank rank : first<PipelineRank>(ranks)) rank_of_stage.push_back(rank);
  return rank_of_stage;
}

}  // namespace heddle::schedule
