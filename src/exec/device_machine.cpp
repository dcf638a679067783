#include "heddle/exec/device_machine.hpp"

#include <algorithm>

#include "heddle/comm/point_to_point.hpp"

namespace heddle::exec {

using schedule::Action;
using schedule::ActionKind;

namespace {

bool all_done(std::vector<comm::Request>& requests) {
  return std::ranges::all_of(requests,
                             [](comm::Request& request) { return request.done() || request.test(); });
}

/// A message's tag tells direction, value and microbatch; it repeats only for microbatches that are never under way
/// together.
int tag(ActionKind kind, int microbatch, int value) {
  constexpr int values = 8, microbatches = 2000;
  HEDDLE_EXPECT(value < values);
  return ((microbatch % microbatches) * values + value) * 2 + (schedule::goes_forward(kind) ? 0 : 1);
}

}  // namespace

void DeviceMachine::begin_step(const RunState& state, std::vector<std::int64_t> row_shifts) {
  state_ = state;
  row_shifts_ = std::move(row_shifts);
  last_end_ = in_.clock.now();
  in_.runner.begin_step(state);
  if (in_.reducer) in_.reducer->begin_step();
}

void DeviceMachine::end_step() {
  if (sends_forward_.empty() && sends_backward_.empty()) return;
  const Observed observed(state_.observer,
                          {.work = Work::wait, .action = {ActionKind::send_forward, -1, -1}});
  for (auto* sends : {&sends_forward_, &sends_backward_}) {
    for (auto& requests : *sends)
      for (comm::Request& request : requests) comm::wait(request, {"last sends of the step"});
    sends->clear();
  }
}

bool DeviceMachine::ready(const Action& action) {
  if (is_receive(action.kind)) return all_done(receives_.at(action));
  if (is_send(action.kind)) {
    auto& sends = goes_forward(action.kind) ? sends_forward_ : sends_backward_;
    while (!sends.empty() && all_done(sends.front())) sends.pop_front();
    return static_cast<int>(sends.size()) < in_.channel_capacity;
  }
  if (action.kind == ActionKind::reduce_gradients) return in_.reducer->test();
  return true;
}

void DeviceMachine::start(const Action& action) {
  if (is_receive(action.kind)) {
    receives_[action] = exchange(action);
    return;
  }
  begin_ = in_.clock.now();
}

schedule::Event DeviceMachine::finish(const Action& action) {
  const bool waited = !is_compute(action.kind) && action.kind != ActionKind::step;
  const double begin = waited ? last_end_ : begin_;
  state_.action = action;
  if (is_compute(action.kind)) compute(action);
  if (is_receive(action.kind)) receives_.erase(action);
  if (is_send(action.kind))
    (goes_forward(action.kind) ? sends_forward_ : sends_backward_).push_back(exchange(action));
  if (action.kind == ActionKind::reduce_gradients) {
    in_.runner.finish_step(state_, in_.reducer->carried_out());
    in_.hooks->gradients_reduced(action);
  }
  if (action.kind == ActionKind::step) in_.hooks->step(action);
  last_end_ = in_.clock.now();
  return {action, begin, last_end_};
}

void DeviceMachine::compute(const Action& action) {
  state_.row_shift = row_shifts_[action.microbatch];
  if (in_.reducer)
    in_.runner.run(action, state_, [&](int node) {
      const Observed observed(state_.observer, {.work = Work::bucket, .action = action});
      in_.reducer->node_done(node);
    });
  else
    in_.runner.run(action, state_);
}

const std::vector<graph::ValueId>& DeviceMachine::message(ActionKind kind) const {
  const passes::Program& program = in_.runner.program();
  switch (kind) {
    case ActionKind::send_forward: return program.sent;
    case ActionKind::receive_forward: return program.received;
    case ActionKind::send_backward: return program.sent_cotangents;
    default: return program.received_cotangents;
  }
}

DeviceMachine::Requests DeviceMachine::exchange(const Action& action) {
  const Observed observed(state_.observer, {.work = Work::message, .action = action});
  const comm::Communicator& pipeline = in_.grid.along(maps::Axis::pipeline);
  const int peer = in_.schedule.rank_of_stage[partner_stage(action)];
  Requests requests;
  if (is_send(action.kind)) in_.runner.fence();
  int index = 0;
  for (graph::ValueId id : message(action.kind)) {
    const Tensor tensor = in_.runner.tensor(id, action.microbatch);
    const int label = tag(action.kind, action.microbatch, index++);
    requests.push_back(is_send(action.kind) ? start_send(pipeline, peer, label, tensor)
                                            : start_receive(pipeline, peer, label, tensor));
  }
  return requests;
}

int DeviceMachine::partner(const Action& action) const {
  if (!is_send(action.kind) && !is_receive(action.kind)) return -1;
  return in_.grid.along(maps::Axis::pipeline).world_rank(in_.schedule.rank_of_stage[partner_stage(action)]);
}

}  // namespace heddle::exec
