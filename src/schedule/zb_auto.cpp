// The heuristic, on clocks of its own: what it decides depends on the times of what it has laid out.
#include "heddle/schedule/zb_auto.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "heddle/schedule/lookahead.hpp"

namespace heddle::schedule {
namespace {

/// Activations are counted in whole parts of a microbatch, so that sums are exact.
constexpr double parts_of_microbatch = 1 << 30;
std::int64_t parts(double microbatches) { return std::llround(microbatches * parts_of_microbatch); }

struct Times {
  double forward, input, weight;
};

/// What is asked for.
struct Setting {
  int stages = 0;
  int microbatches = 0;
  std::vector<Times> times;
  std::vector<double> send;           ///< between stage i and i + 1, either way
  std::int64_t kept_for_weights = 0;  ///< of a microbatch, after I
  std::int64_t limit = 0;             ///< of a stage
};

struct Answers {
  bool may_delay_first_input;
  bool input_first;
  bool fill_greedily;
};

/// One stage while the rows are laid out.
struct StageRow {
  int forwards = 0, inputs = 0, weights = 0;  ///< done
  double clock = 0;
  double waited = 0;  ///< since the first forward
  std::int64_t held = 0;
  std::vector<double> forward_end, input_end;
  Row row;
};

class Layout {
 public:
  Layout(const Setting& setting, Answers answers)
      : in_(setting), answers_(answers), stages_(setting.stages) {}

  void run() {
    first_round();
    for (int round = 1; round < in_.microbatches; ++round) {
      const std::vector<bool> turns = forward_turns();
      for (int j = 0; j < in_.stages; ++j)
        if (turns[j]) forward_in_turn(j);
      for (int j = in_.stages - 1; j >= 0; --j) input_in_turn(j);
    }
    for (int j = 0; j < in_.stages; ++j)
      while (has_weight(j)) weight(j);
  }

  double longest_span() const {
    double longest = 0;
    for (int j = 0; j < in_.stages; ++j)
      longest = std::max(longest, stages_[j].clock - stages_[j].forward_end[0] + in_.times[j].forward);
    return longest;
  }

  Schedule schedule() {
    Schedule schedule{{}, one_stage_a_rank(in_.stages), in_.microbatches};
    for (StageRow& stage : stages_) schedule.rows.push_back(std::move(stage.row));
    return schedule;
  }

 private:
  /// When what the next forward or I of stage `j` takes has arrived.
  double forward_arrival(int j) const {
    return j == 0 ? 0 : stages_[j - 1].forward_end[stages_[j].forwards] + in_.send[j - 1];
  }
  double input_arrival(int j) const {
    return j + 1 == in_.stages ? 0 : stages_[j + 1].input_end[stages_[j].inputs] + in_.send[j];
  }

  void forward(int j) {
    StageRow& stage = stages_[j];
    stage.forward_end.push_back(run(stage, forward_arrival(j), in_.times[j].forward));
    stage.held += parts(1);
    stage.row.push_back({ActionKind::forward, Stage(j), stage.forwards++});
  }
  void input(int j) {
    StageRow& stage = stages_[j];
    stage.input_end.push_back(run(stage, input_arrival(j), in_.times[j].input));
    stage.held -= parts(1) - in_.kept_for_weights;
    stage.row.push_back({ActionKind::backward_input, Stage(j), stage.inputs++});
  }
  void weight(int j) {
    StageRow& stage = stages_[j];
    run(stage, 0, in_.times[j].weight);
    stage.held -= in_.kept_for_weights;
    stage.row.push_back({ActionKind::backward_weight, Stage(j), stage.weights++});
  }
  /// Its end.
  static double run(StageRow& stage, double arrival, double duration) {
    const double end = std::max(stage.clock, arrival) + duration;
    if (stage.forwards > 0) stage.waited += end - (stage.clock + duration);
    return stage.clock = end;
  }

  bool has_weight(int j) const { return stages_[j].weights < stages_[j].inputs; }
  /// How much more than this stage another one has waited.
  double slack(int j) const {
    double most = 0;
    for (const StageRow& stage : stages_) most = std::max(most, stage.waited);
    return most - stages_[j].waited;
  }

  void first_round();
  std::vector<int> warm_ups() const;
  std::vector<bool> forward_turns() const;
  bool takes_forward(int j) const;
  void forward_in_turn(int j);
  void input_in_turn(int j);
  void fill_until(int j, double arrival);

  const Setting& in_;
  Answers answers_;
  std::vector<StageRow> stages_;
};

/// Forwards after the first of each stage, from when its first I can begin.
std::vector<int> Layout::warm_ups() const {
  std::vector<int> more(in_.stages, 0);
  const int last = in_.stages - 1;
  double next_input = stages_[last].clock + in_.times[last].input;
  for (int j = last - 1; j >= 0; --j) {
    const double arrival = next_input + in_.send[j];
    double clock = stages_[j].clock;
    std::int64_t held = stages_[j].held;
    while (stages_[j].forwards + more[j] < in_.microbatches && held + parts(1) <= in_.limit) {
      const bool late =
          answers_.may_delay_first_input ? clock + in_.times[j].forward > arrival : clock >= arrival;
      if (late) break;
      clock += in_.times[j].forward;
      held += parts(1);
      ++more[j];
    }
    next_input = std::max(clock, arrival) + in_.times[j].input;
  }
  for (int j = 1; j < in_.stages; ++j)
    if (stages_[j].forwards < in_.microbatches) more[j] = std::min(more[j], std::max(more[j - 1] - 1, 0));
  return more;
}

void Layout::first_round() {
  for (int j = 0; j < in_.stages; ++j) forward(j);
  const std::vector<int> more = warm_ups();
  for (int j = 0; j < in_.stages; ++j)
    for (int i = 0; i < more[j]; ++i) forward(j);
  for (int j = in_.stages - 1; j >= 0; --j) input(j);
}

/// Has stage `j` an F in this round, if those after it have one?
bool Layout::takes_forward(int j) const {
  const StageRow& stage = stages_[j];
  if (stage.forwards >= in_.microbatches) return false;
  if (!answers_.input_first || j + 1 == in_.stages || stage.forwards < stages_[j + 1].forwards + 2)
    return true;
  const Times& next = in_.times[j + 1];
  const double next_input = stages_[j + 1].clock + next.forward + next.input + in_.send[j];
  if (stage.clock >= next_input) return false;
  double weights = 0;  // that must make room first
  std::int64_t held = stage.held + parts(1);
  for (int done = stage.weights; held > in_.limit && done < stage.inputs; ++done) {
    weights += in_.times[j].weight;
    held -= in_.kept_for_weights;
  }
  if (stage.clock + in_.times[j].forward + weights <= next_input) return true;
  return next_input - stage.clock > slack(j);
}

std::vector<bool> Layout::forward_turns() const {
  std::vector<bool> turns(in_.stages);
  for (int j = in_.stages - 1; j >= 0; --j)
    turns[j] = takes_forward(j) && (j + 1 == in_.stages || turns[j + 1]);
  return turns;
}

/// Does W while the stage would wait for what arrives at `arrival`, and one more, which delays it, where
/// that is asked.
void Layout::fill_until(int j, double arrival) {
  const double weight_time = in_.times[j].weight;
  while (has_weight(j) && stages_[j].clock + weight_time <= arrival) weight(j);
  if (!has_weight(j) || stages_[j].clock >= arrival) return;
  if (answers_.fill_greedily || arrival - stages_[j].clock > slack(j)) weight(j);
}

void Layout::forward_in_turn(int j) {
  while (stages_[j].held + parts(1) > in_.limit && has_weight(j)) weight(j);
  if (j > 0) fill_until(j, forward_arrival(j));
  forward(j);
}

void Layout::input_in_turn(int j) {
  if (j + 1 < in_.stages) fill_until(j, input_arrival(j));
  if (j == 0 && stages_[j].forwards == in_.microbatches)
    while (has_weight(j)) weight(j);
  input(j);
}

Setting setting_of(const Request& request) {
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max() / 2;
  Setting setting{.stages = request.ranks, .microbatches = request.microbatches, .times = {}, .send = {}};
  setting.kept_for_weights = parts(request.weight_memory);
  setting.limit = request.memory_limit > 0 ? parts(request.memory_limit) : none;
  const Costs costs = request.costs.stages.empty() ? unit_costs(request.ranks) : request.costs;
  for (int j = 0; j < request.ranks; ++j) {
    using enum ActionKind;
    const StageCost& cost = costs.stages[Stage(j)];
    setting.times.push_back({cost[forward], cost[backward_input], cost[backward_weight]});
  }
  for (int j = 0; j + 1 < request.ranks; ++j) {
    const Action send{ActionKind::send_forward, Stage(j), 0};
    const Link& link = costs.link_of(send);
    setting.send.push_back(link.latency + costs.bytes_of(send) / link.bandwidth);
  }
  return setting;
}

}  // namespace

Schedule zb_auto(const Request& request) {
  if (request.memory_limit > 0 && request.memory_limit < 1)
    throw BadRequest("memory_limit",
                     fmt::format("pipeline.memory_limit = {} holds no microbatch", request.memory_limit),
                     "a rank keeps a microbatch's activations from its F to its I",
                     "try pipeline.memory_limit = 1, or 0 for no limit");
  const Setting setting = setting_of(request);
  std::optional<Layout> best;
  for (const bool may_delay : {true, false})
    for (const bool input_first : {true, false})
      for (const bool greedily : {true, false}) {
        Layout layout(setting, {may_delay, input_first, greedily});
        layout.run();
        if (!best || layout.longest_span() < best->longest_span()) best.emplace(std::move(layout));
      }
  return best->schedule();
}

}  // namespace heddle::schedule
