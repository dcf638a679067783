// Book-keeping of what is done and in flight.
#include "heddle/schedule/null_machine.hpp"

#include <algorithm>

#include "heddle/base/error.hpp"

namespace heddle::schedule {

std::size_t channel_of(const Action& send_or_receive) {
  const int sender = is_send(send_or_receive.kind) ? send_or_receive.stage : partner_stage(send_or_receive);
  return 2 * static_cast<std::size_t>(sender) + (goes_forward(send_or_receive.kind) ? 0 : 1);
}

NullCluster::NullCluster(const Schedule& schedule, int channel_capacity)
    : dependencies_(schedule),
      capacity_(channel_capacity),
      gradients_(schedule.stages()),
      gradients_left_(schedule.stages(), 0),
      state_(extents_of(schedule)),
      unmatched_(2 * schedule.stages()) {
  HEDDLE_EXPECT(channel_capacity >= 1);
  for (const Row& row : schedule.rows)
    for (const Action& action : row) {
      if (!adds_to_gradients(action.kind)) continue;
      gradients_[action.stage].push_back(action);
      ++gradients_left_[action.stage];
    }
}

bool NullCluster::is_met(const Action& action) const {
  if (action.kind == ActionKind::reduce_gradients) return gradients_left_[action.stage] == 0;
  return !dependencies_.of(action).first_unmet([&](const Action& other) { return done(other); });
}

bool NullCluster::has_room(const Action& action) const {
  return !is_send(action.kind) || unmatched_[channel_of(action)].size() < capacity_;
}

std::optional<Need> NullCluster::unmet(const Action& action) const {
  const Needs all = dependencies_.of(action);
  if (const Need* need = all.first_unmet([&](const Action& other) { return done(other); })) return *need;
  if (!has_room(action)) {
    const Action receive = counterpart(unmatched_[channel_of(action)].front());
    return Need{receive, receive};
  }
  if (action.kind == ActionKind::reduce_gradients)
    for (const Action& gradient : gradients_[action.stage])
      if (!done(gradient)) return Need{gradient, gradient};
  return {};
}

void NullCluster::post(const Action& receive) {
  state_[receive] |= posted;
  std::erase(unmatched_[channel_of(receive)], counterpart(receive));
}

void NullCluster::complete(const Action& action) {
  state_[action] |= finished;
  if (adds_to_gradients(action.kind)) --gradients_left_[action.stage];
  if (is_send(action.kind) && !(state_[counterpart(action)] & posted))
    unmatched_[channel_of(action)].push_back(action);
}

void NullMachine::start(const Action& action) {
  if (is_receive(action.kind)) cluster_->post(action);
}

Event NullMachine::finish(const Action& action) {
  cluster_->complete(action);
  return {action, 0, 0};
}

}  // namespace heddle::schedule
