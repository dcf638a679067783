// The table of what each kind of action needs.
#include "heddle/schedule/dependencies.hpp"

#include <fmt/format.h>

namespace heddle::schedule {
namespace {

Action with(Action action, ActionKind kind, int stage) {
  action.kind = kind;
  action.stage = stage;
  return action;
}

bool same_rank(int stage, int other, const std::vector<int>& rank_of_stage) {
  return rank_of_stage[stage] == rank_of_stage[other];
}

void add_backward(Needs& result, const Action& action, int stage) {
  result.add(with(action, ActionKind::backward, stage), with(action, ActionKind::backward_input, stage));
}

}  // namespace

Needs needs(const Action& action, const std::vector<int>& rank_of_stage) {
  using enum ActionKind;
  Needs result;
  const int stage = action.stage, last = static_cast<int>(rank_of_stage.size()) - 1;
  switch (action.kind) {
    case forward:
      if (stage == 0) break;
      if (same_rank(stage - 1, stage, rank_of_stage))
        result.add(with(action, forward, stage - 1));
      else
        result.add(with(action, receive_forward, stage));
      break;
    case backward:
    case backward_input:
      result.add(with(action, forward, stage));
      if (stage == last) break;
      if (same_rank(stage + 1, stage, rank_of_stage))
        add_backward(result, action, stage + 1);
      else
        result.add(with(action, receive_backward, stage));
      break;
    case backward_weight: result.add(with(action, backward_input, stage)); break;
    case send_forward: result.add(with(action, forward, stage)); break;
    case send_backward: add_backward(result, action, stage); break;
    case receive_forward:
    case receive_backward: result.add(counterpart(action)); break;
    case reduce_gradients: break;
    case step: result.add(with(action, reduce_gradients, stage)); break;
  }
  return result;
}

std::string never_starts(int rank, std::size_t index, const Action& action) {
  return fmt::format("rank {}, action {} {} can never start", rank, index, name(action));
}

}  // namespace heddle::schedule
