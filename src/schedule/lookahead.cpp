// Lets the schedule run with all receives posted, and looks how far ahead of the receiver each message came.
#include "heddle/schedule/lookahead.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "heddle/base/error.hpp"
#include "heddle/schedule/simulated_machine.hpp"

namespace heddle::schedule {
namespace {

/// When each receive of a row ends, in their order.
std::vector<double> receive_ends(const std::vector<Event>& events) {
  std::vector<double> ends;
  for (const Event& event : events)
    if (is_receive(event.action.kind)) ends.push_back(event.end);
  return ends;
}

/// How many receives stand before each in its row.
std::unordered_map<Action, std::ptrdiff_t> receives_before(const Schedule& schedule) {
  std::unordered_map<Action, std::ptrdiff_t> all;
  for (const Row& row : schedule.rows) {
    std::ptrdiff_t count = 0;
    for (const Action& action : row)
      if (is_receive(action.kind)) all.emplace(action, count++);
  }
  return all;
}

}  // namespace

Costs unit_costs(int stages) {
  using enum ActionKind;
  const StageCost cost = {{forward, 1}, {backward, 2}, {backward_input, 1}, {backward_weight, 1}};
  return {.stages = std::vector<StageCost>(stages, cost), .link = {}, .boundary_bytes = {}};
}

int ample_lookahead(const Schedule& schedule, const Costs& costs, int least) {
  constexpr int all = std::numeric_limits<int>::max();
  Timeline timeline;
  try {
    timeline = simulate(schedule, costs, all, all);
  } catch (const Error&) {
    return least;  // verify says why
  }
  std::vector<std::vector<double>> ends;
  for (const auto& events : timeline) ends.push_back(receive_ends(events));
  const auto before = receives_before(schedule);
  std::ptrdiff_t most = least;
  for (const auto& events : timeline)
    for (const Event& event : events) {
      if (!is_send(event.action.kind)) continue;
      const Action receive = counterpart(event.action);
      const auto& row = ends[schedule.rank_of_stage[receive.stage]];
      const auto done = std::upper_bound(row.begin(), row.end(), event.end) - row.begin();
      most = std::max(most, before.at(receive) - done + 1);
    }
  return static_cast<int>(most);
}

}  // namespace heddle::schedule
