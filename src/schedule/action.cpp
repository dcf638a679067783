// Names and partners of actions.
#include "heddle/schedule/action.hpp"

#include <fmt/format.h>

#include <numeric>

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

int partner_stage(const Action& action) {
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

std::vector<int> one_stage_a_rank(int ranks) {
  std::vector<int> rank_of_stage(ranks);
  std::iota(rank_of_stage.begin(), rank_of_stage.end(), 0);
  return rank_of_stage;
}

}  // namespace heddle::schedule
