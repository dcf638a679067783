// The table of what each kind of action needs.
#include "heddle/schedule/dependencies.hpp"

namespace heddle::schedule {
namespace {

Action with(Action action, ActionKind kind, Stage stage) {
  action.kind = kind;
  action.stage = stage;
  return action;
}

Action of_slice(Action action, int slice) {
  action.slice = slice;
  return action;
}

void add_backward(Needs& result, const Action& action, Stage stage) {
  result.add(with(action, ActionKind::backward, stage), with(action, ActionKind::backward_input, stage));
}

}  // namespace

Needs Dependencies::of(const Action& action) const {
  using enum ActionKind;
  Needs result;
  const Stage stage = action.stage, last(static_cast<int>(rank_of_stage_.size()) - 1);
  switch (action.kind) {
    case forward:
      if (action.slice > 0) result.add(of_slice(action, action.slice - 1));
      if (stage == 0) break;
      if (same_rank(stage - 1, stage))
        result.add(with(action, forward, stage - 1));
      else
        result.add(with(action, receive_forward, stage));
      break;
    case backward:
    case backward_input:
      result.add(with(action, forward, stage));
      if (action.slice + 1 < slices_) add_backward(result, of_slice(action, action.slice + 1), stage);
      if (stage == last) break;
      if (same_rank(stage + 1, stage))
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

}  // namespace heddle::schedule
