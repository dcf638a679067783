// Sums over the events.
#include "heddle/schedule/timeline.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace heddle::schedule {

double Summary::busy() const {
  double sum = 0;
  for (const RankTime& rank : ranks) sum += rank.busy;
  return ranks.empty() ? 0 : sum / static_cast<double>(ranks.size());
}

double Summary::bubble_of_span() const { return largest_span > 0 ? 1 - busy() / largest_span : 0; }

double Summary::bubble_of_makespan() const { return makespan > 0 ? 1 - busy() / makespan : 0; }

Summary summarize(const Timeline& timeline) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Summary summary;
  double first = infinity, last = -infinity;
  for (const auto& events : timeline) {
    RankTime rank{infinity, -infinity, 0};
    for (const Event& event : events) {
      first = std::min(first, event.begin);
      last = std::max(last, event.end);
      if (!is_compute(event.action.kind)) continue;
      rank.begin = std::min(rank.begin, event.begin);
      rank.end = std::max(rank.end, event.end);
      rank.busy += event.end - event.begin;
    }
    if (rank.end < rank.begin) rank = {};
    summary.ranks.push_back(rank);
    summary.largest_span = std::max(summary.largest_span, rank.span());
  }
  if (last > first) summary.makespan = last - first;
  return summary;
}

double peak_bytes_in_flight(const Timeline& timeline, const Costs& costs) {
  std::vector<std::pair<double, double>>
      changes;  // when, and by how many bytes: what arrives goes before what leaves
  for (const auto& events : timeline)
    for (const Event& event : events) {
      const ActionKind kind = event.action.kind;
      if (is_send(kind) || is_receive(kind))
        changes.emplace_back(event.end, (is_send(kind) ? 1 : -1) * costs.bytes_of(event.action));
    }
  std::ranges::sort(changes);
  double bytes = 0, most = 0;
  for (const auto& [when, change] : changes) most = std::max(most, bytes += change);
  return most;
}

}  // namespace heddle::schedule
