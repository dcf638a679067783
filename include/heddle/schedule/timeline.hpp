// The events of all ranks, measured or predicted, and what they say of a schedule.
#pragma once

#include <vector>

#include "heddle/schedule/costs.hpp"
#include "heddle/schedule/event.hpp"

namespace heddle::schedule {

/// timeline[rank]: its events in the order in which they happened.
using Timeline = std::vector<std::vector<Event>>;

/// Seconds. "Busy" is computation (F, B, I, W); a span goes from the first computation's begin to the
/// last one's end.
struct RankTime {
  double begin = 0;
  double end = 0;
  double busy = 0;

  double span() const { return end - begin; }
};

/// Two conventions are in use for the bubble: the part of the largest per-rank span that the ranks do not
/// compute (as in the zero-bubble papers), and the same of the whole makespan, from the first event of any
/// rank to the last.
struct Summary {
  std::vector<RankTime> ranks;
  double makespan = 0;
  double largest_span = 0;

  double busy() const;                ///< mean over the ranks
  double bubble_of_span() const;      ///< 1 - busy / largest_span
  double bubble_of_makespan() const;  ///< 1 - busy / makespan
  double idle_in_makespan(int rank) const { return makespan - ranks[rank].busy; }
};

Summary summarize(const Timeline& timeline);

/// The most bytes that are on their way together, over all links: a message is from the end of its send to
/// the end of its receive.
double peak_bytes_in_flight(const Timeline& timeline, const Costs& costs);

}  // namespace heddle::schedule
