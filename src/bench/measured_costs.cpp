#include "measured_costs.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "heddle/plan/costs.hpp"
#include "sampling.hpp"

namespace heddle::bench {
namespace {

using schedule::Action;
using schedule::ActionKind;
using Rows = std::vector<io::EventRow>;

double duration(const io::EventRow& row) { return row.event.end - row.event.begin; }

/// Seconds by what is one number in the end: those of each action, as many as there were steps.
using Samples = std::map<std::pair<ActionKind, Stage>, std::map<Action, std::vector<double>>>;

/// When the last rank of each step came to a kind of action.
std::map<std::int64_t, double> last_arrival(const std::vector<Rows>& events, ActionKind kind) {
  std::map<std::int64_t, double> last;
  for (const Rows& rows : events) {
    std::map<std::int64_t, double> first;
    for (const io::EventRow& row : rows)
      if (row.event.action.kind == kind) first.try_emplace(row.step, row.event.begin);
    for (const auto& [step, begin] : first) {
      const auto [known, is_new] = last.try_emplace(step, begin);
      if (!is_new) known->second = std::max(known->second, begin);
    }
  }
  return last;
}

/// What is done once a stage, the wait for the other ranks apart.
void add_ends(Samples& samples, const std::vector<Rows>& events, ActionKind kind) {
  const auto arrival = last_arrival(events, kind);
  for (const Rows& rows : events)
    for (const io::EventRow& row : rows) {
      if (row.event.action.kind != kind) continue;
      const double together = row.event.end - arrival.at(row.step);
      samples[{kind, row.event.action.stage}][row.event.action].push_back(
          together > 0 ? std::min(together, duration(row)) : duration(row));
    }
}

void add_computations(Samples& samples, const std::vector<Rows>& events) {
  for (const Rows& rows : events)
    for (const io::EventRow& row : rows)
      if (const Action& action = row.event.action; is_compute(action.kind))
        samples[{action.kind, action.stage}][action].push_back(duration(row));
}

double mean_of_medians(const std::map<Action, std::vector<double>>& samples) {
  double sum = 0;
  for (const auto& [action, seconds] : samples) sum += median(seconds);
  return sum / static_cast<double>(samples.size());
}

/// 0 where a stage does not have what others have; none where no stage has the kind.
deck::PerStage by_stage(const Samples& samples, ActionKind kind, int stages) {
  deck::PerStage costs;
  bool any = false;
  for (const Stage stage : first<Stage>(stages)) {
    const auto found = samples.find({kind, stage});
    any = any || found != samples.end();
    costs.values.push_back(found == samples.end() ? 0 : mean_of_medians(found->second));
  }
  return any ? costs : deck::PerStage();
}

/// Seconds of the messages over each border, of those that were waited for and of those that were not.
struct Messages {
  std::vector<double> awaited, late;
};

deck::PerStage sends(const std::vector<Rows>& events, const std::vector<PipelineRank>& pipeline_rank,
                     int stages) {
  // Ranks of one pipeline rank stand in the same order as those of the next, which they talk to.
  std::map<PipelineRank, int> count;
  std::vector<int> replica;
  for (const PipelineRank one : pipeline_rank) replica.push_back(count[one]++);
  std::map<std::tuple<std::int64_t, int, Action>, double> sent;
  for (std::size_t rank = 0; rank < events.size(); ++rank)
    for (const io::EventRow& row : events[rank])
      if (is_send(row.event.action.kind))
        sent[{row.step, replica[rank], counterpart(row.event.action)}] = row.event.end;
  ById<Stage, Messages> borders(std::max(stages - 1, 0));
  for (std::size_t rank = 0; rank < events.size(); ++rank)
    for (const io::EventRow& row : events[rank]) {
      const Action& action = row.event.action;
      if (!is_receive(action.kind)) continue;
      const double left = sent.at({row.step, replica[rank], action});
      Messages& border = borders[std::min(action.stage, partner_stage(action))];
      if (left > row.event.begin)
        border.awaited.push_back(row.event.end - left);
      else
        border.late.push_back(duration(row));
    }
  deck::PerStage costs;
  for (const Messages& border : borders)
    costs.values.push_back(std::max(0.0, median(border.awaited.empty() ? border.late : border.awaited)));
  return costs;
}

/// Seconds from the first action of each step to its last. A receive begins to wait before there is
/// anything to do.
std::map<std::int64_t, double> spans(const std::vector<Rows>& events) {
  std::map<std::int64_t, std::pair<double, double>> bounds;
  for (const Rows& rows : events)
    for (const io::EventRow& row : rows) {
      if (is_receive(row.event.action.kind)) continue;
      auto& [begin, end] = bounds.try_emplace(row.step, row.event.begin, row.event.end).first->second;
      begin = std::min(begin, row.event.begin);
      end = std::max(end, row.event.end);
    }
  std::map<std::int64_t, double> spans;
  for (const auto& [step, bound] : bounds) spans[step] = bound.second - bound.first;
  return spans;
}

}  // namespace

deck::Cost measured_costs(const std::vector<Rows>& events, const std::vector<PipelineRank>& pipeline_rank,
                          const schedule::Schedule& schedule, const std::vector<double>& seconds) {
  const int stages = schedule.stages();
  Samples samples;
  add_computations(samples, events);
  add_ends(samples, events, ActionKind::reduce_gradients);
  add_ends(samples, events, ActionKind::step);
  deck::Cost cost;
  for (const ActionKind kind : schedule::timed_kinds)
    cost[plan::figure_of(kind)] = by_stage(samples, kind, stages);
  cost[deck::Figure::send] = sends(events, pipeline_rank, stages);
  std::vector<double> outside;
  for (const auto& [step, span] : spans(events)) outside.push_back(seconds[outside.size()] - span);
  cost.load = std::max(0.0, median(outside));
  return cost;
}

nlohmann::ordered_json object(const deck::Cost& cost) {
  nlohmann::ordered_json members;
  for (std::size_t i = 0; i < cost.figures.size(); ++i)
    if (cost.figures[i].given())
      members[std::string(name(static_cast<deck::Figure>(i)))] = cost.figures[i].values;
  if (!cost.blocks.empty()) members["blocks"] = cost.blocks;
  members["load"] = cost.load;
  return members;
}

}  // namespace heddle::bench
