#include "heddle/session/move_state.hpp"

#include <algorithm>

#include "heddle/comm/exchange.hpp"
#include "heddle/maps/transfer.hpp"
#include "heddle/plan/state.hpp"

namespace heddle::session {
namespace {

/// Ranks beyond the grid hold nothing.
std::vector<maps::Box> over(int ranks, std::vector<maps::Box> boxes) {
  boxes.resize(static_cast<std::size_t>(ranks), maps::Box::nothing(boxes.front().rank()));
  return boxes;
}

/// This rank's memory of a value, or of no element of it.
template <class T>
Tensor tensor_of(T* trainer, const plan::StateValue& value, const maps::Box& box) {
  if (box.empty()) return {nullptr, value.dtype, box.shape()};
  return trainer->state_tensor(value.name);
}

void move(const comm::Communicator& ranks, const plan::StateValue& from, const Trainer* source,
          const plan::StateValue& to, Trainer* target) {
  const maps::TransferPlan plan = maps::fill(over(ranks.size(), from.owned), over(ranks.size(), to.held));
  const auto me = static_cast<std::size_t>(ranks.rank());
  const comm::Exchange exchange(ranks, plan, to.dtype);
  const lanes::Lane lane = target ? target->lane() : source ? source->lane() : lanes::Lane();
  comm::Request moved =
      exchange.start(tensor_of(source, from, plan.source[me]), tensor_of(target, to, plan.target[me]), lane);
  comm::wait(moved, {"the move of " + to.name + " to another grid"});
}

}  // namespace

void move_state(const comm::Communicator& ranks, Side<Trainer> from, Side<Trainer> to) {
  if (from.trainer) {
    from.trainer->settle();
    from.trainer->lane().fence("the state to be moved");  // the other trainer's lane may be another
  }
  if (plan::fingerprint(from.plan) != plan::fingerprint(to.plan) ||
      from.plan.options.train.precision != to.plan.options.train.precision ||
      from.plan.options.masters != to.plan.options.masters ||
      from.plan.options.narrow_moments != to.plan.options.narrow_moments)
    throw Error(ExitCode::usage, "the state of one model cannot become that of another",
                "their parameters differ in names, shapes or number type",
                "lay out the model that was trained");
  const std::vector<plan::StateValue> source = plan::state(from.plan);
  for (const plan::StateValue& value : plan::state(to.plan))
    move(ranks, *std::ranges::find(source, value.name, &plan::StateValue::name), from.trainer, value,
         to.trainer);
}

}  // namespace heddle::session
