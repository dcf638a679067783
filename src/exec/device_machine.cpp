#include "heddle/exec/device_machine.hpp"

#include <algorithm>

#include "heddle/comm/point_to_point.hpp"
#include "heddle/lanes/range.hpp"
#include "heddle/schedule/null_machine.hpp"

namespace heddle::exec {

using schedule::Action;
using schedule::ActionKind;

namespace {

/// The sums of gradients begin between the nodes of an action.
class Reducing final : public Follower {
 public:
  Reducing(GradientReducer& reducer, const Action& action, Observer* observer)
      : reducer_(reducer), action_(action), observer_(observer) {}

  bool count(int node) override { return reducer_.count(node); }
  void go_on() override {
    const Observed observed(observer_, {.work = Work::bucket, .action = action_});
    reducer_.go_on();
  }

 private:
  GradientReducer& reducer_;
  const Action& action_;
  Observer* observer_;
};

}  // namespace

void DeviceMachine::begin_step(const RunState& state, std::vector<std::int64_t> row_shifts) {
  state_ = state;
  row_shifts_ = std::move(row_shifts);
  last_end_ = in_.clock.now();
  finished_ = 0;
  in_.runner.begin_step(state);
  if (in_.reducer) in_.reducer->begin_step();
}

void DeviceMachine::end_step() {
  agreement_.finish();
  if (sends_.empty()) return;
  const Observed observed(state_.observer,
                          {.work = Work::wait, .action = {ActionKind::send_forward, Stage(-1), -1}});
  for (auto& [channel, sends] : sends_)
    for (auto& requests : sends)
      for (comm::Request& request : requests) comm::wait(request, {"last sends of the step"});
  sends_.clear();
}

bool DeviceMachine::ready(const Action& action) {
  if (is_receive(action.kind)) return arrived(receives_.at(action));
  if (is_send(action.kind)) {
    std::deque<Requests>& sends = sends_[channel_of(action)];
    while (!sends.empty() && comm::test_all(sends.front())) sends.pop_front();
    return !full(sends) || arrived(sends.front());
  }
  if (action.kind == ActionKind::reduce_gradients)
    return !is_last(action) || !in_.reducer || in_.reducer->settled();
  return true;
}

/// Where the next action is chosen by what has arrived, nobody takes what has not; else the lane may wait for it while the
/// host goes on.
bool DeviceMachine::arrived(Requests& requests) const {
  return in_.schedule.window > 1 ? comm::test_all(requests)
                                 : std::ranges::all_of(requests, &comm::Request::settled);
}

bool DeviceMachine::full(const std::deque<Requests>& sends) const {
  return static_cast<int>(sends.size()) >= in_.channel_capacity;
}

void DeviceMachine::wait(Requests& requests, const Action& action) {
  if (comm::test_all(requests)) return;
  const Observed observed(state_.observer, {.work = Work::wait, .action = action});
  for (comm::Request& request : requests)
    comm::wait(request, {.action = name(action), .partner = partner(action), .position = finished_});
  lane_waits_ = true;
}

std::optional<std::size_t> DeviceMachine::first_ready(std::span<const Action> actions) {
  if (agreement_.decides()) {
    const auto found = Machine::first_ready(actions);
    if (found) agreement_.tell(static_cast<std::int32_t>(*found));
    return found;
  }
  const auto told = agreement_.told();
  HEDDLE_EXPECT(!told || *told < static_cast<std::int32_t>(actions.size()));
  if (!told || !ready(actions[*told])) return {};
  agreement_.take();
  return *told;
}

void DeviceMachine::start(const Action& action) {
  if (is_receive(action.kind)) {
    receives_[action] = exchange(action);
    return;
  }
  span_.begin = in_.runner.lane().moment();
}

schedule::Event DeviceMachine::finish(const Action& action) {
  const lanes::Range range(in_.runner.lane(), [&] { return name(action); });
  span_.waited = !is_compute(action.kind) && action.kind != ActionKind::step;
  state_.action = action;
  lane_waits_ = false;
  if (is_compute(action.kind)) compute(action);
  if (is_receive(action.kind)) receive(action);
  if (is_send(action.kind)) send(action);
  if (action.kind == ActionKind::reduce_gradients && is_last(action)) reduce_gradients();
  if (action.kind == ActionKind::step && is_last(action)) in_.hooks->step(state_);
  ++finished_;
  return end(action);
}

/// Messages are the host's work, unless the lane waits for them; the rest is the lane's. A time that the lane does not know yet is the host's
/// until it does.
schedule::Event DeviceMachine::end(const Action& action) {
  const bool hosts = !lane_waits_ && (is_send(action.kind) || is_receive(action.kind));
  span_.end = hosts ? lanes::Lane().moment() : in_.runner.lane().moment();
  const bool known = hosts || !in_.runner.lane().stream();  // a device knows when it comes to it
  const auto time = [&](const lanes::Mark& mark) {
    return known ? in_.clock.at(mark.when()) : in_.clock.now();
  };
  const double begin = span_.waited ? last_end_ : time(span_.begin);
  return {action, begin, last_end_ = time(span_.end)};
}

void DeviceMachine::receive(const Action& action) {
  wait(receives_.at(action), action);
  receives_.erase(action);
}

void DeviceMachine::send(const Action& action) {
  std::deque<Requests>& sends = sends_[channel_of(action)];
  for (; full(sends); sends.pop_front()) wait(sends.front(), action);
  sends.push_back(exchange(action));
}

void DeviceMachine::reduce_gradients() {
  if (in_.reducer) in_.reducer->wait();
  in_.runner.finish_step(state_, in_.reducer ? in_.reducer->carried_out()
                                             : std::vector<bool>(in_.runner.program().graph.nodes.size()));
}

void DeviceMachine::compute(const Action& action) {
  state_.row_shift = row_shifts_[action.microbatch];
  if (!in_.reducer) return in_.runner.run(action, state_);
  Reducing reducing(*in_.reducer, action, state_.observer);
  in_.runner.run(action, state_, &reducing);
}

bool DeviceMachine::is_last(const Action& action) const {
  const schedule::Row& row = in_.schedule.rows[in_.pipeline_rank];
  const auto last =
      std::find_if(row.rbegin(), row.rend(), [&](const Action& other) { return other.kind == action.kind; });
  return last != row.rend() && *last == action;
}

const std::vector<graph::ValueId>& DeviceMachine::message(const Action& action) const {
  const auto& borders = in_.runner.program().borders;
  const auto border = std::ranges::find(borders, action.stage, &passes::Border::stage);
  HEDDLE_EXPECT(border != borders.end());
  return schedule::message(*border, action.kind);
}

/// Two ranks share messages of several stages: a message's tag tells direction, sending stage, value and
/// microbatch. It repeats only for microbatches that are never under way together.
int DeviceMachine::tag(const Action& action, int value) const {
  constexpr int most = 32000;
  const int values = static_cast<int>(message(action).size());
  const int channels = 2 * in_.schedule.stages();
  const int microbatches = most / (values * channels);
  HEDDLE_EXPECT(microbatches > in_.channel_capacity);
  return ((action.microbatch % microbatches) * values + value) * channels +
         static_cast<int>(channel_of(action));
}

DeviceMachine::Requests DeviceMachine::exchange(const Action& action) {
  const Observed observed(state_.observer, {.work = Work::message, .action = action});
  const comm::Communicator& pipeline = in_.grid.along(maps::Axis::pipeline);
  const int peer = in_.schedule.rank_of_stage[partner_stage(action)];
  Requests requests;
  int index = 0;
  for (graph::ValueId id : message(action)) {
    const Tensor tensor = in_.runner.tensor(id, action.microbatch);
    const comm::Label label(tag(action, index++), static_cast<int>(channel_of(action)));
    requests.push_back(is_send(action.kind)
                           ? start_send(pipeline, peer, label, tensor, in_.runner.lane())
                           : start_receive(pipeline, peer, label, tensor, in_.runner.lane()));
  }
  return requests;
}

int DeviceMachine::partner(const Action& action) const {
  if (!is_send(action.kind) && !is_receive(action.kind)) return -1;
  return in_.grid.along(maps::Axis::pipeline).world_rank(in_.schedule.rank_of_stage[partner_stage(action)]);
}

}  // namespace heddle::exec
