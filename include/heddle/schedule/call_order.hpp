// The order in which pipeline ranks make their calls to each other, messages and sums over groups alike, and the proof that
// they all come to their end. A device's message library tells messages apart by their order alone, and a call of it may keep
// the rank's later ones, to whomever, from beginning: the device is busy with it.
//
// A call is one event that all its ranks share; a rank's calls, one after the other, are a chain of events. All calls come to
// their end if these chains together have no circle: then they can be drawn up in one line, and each is done once those
// before it are. The line is made here, clock by clock as the rows run in lock step; a circle is where it cannot go on.
//
// Calls over the other axes of the grid are in no circle: ranks that share a pipeline coordinate carry out the same nodes in
// the same order, so such a call stands at the same place in the chains of all its ranks. Nor is one step's call in a circle
// with another's, since every rank is through with the one before it begins the other; what is made once more where a step was
// validated after it (optimizer.validate) calls nobody.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "heddle/passes/differentiate.hpp"
#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// What two ranks send each other from one stage to one of its neighbours.
struct Channel {
  PipelineRank from, to;
  std::size_t number;  ///< channel_of its messages

  friend auto operator<=>(const Channel&, const Channel&) = default;
};

/// A map in which several pipeline ranks take part, the sum of a tied gradient say.
struct GroupCall {
  std::vector<PipelineRank> ranks;  ///< ascending; each of them makes it
  std::string map;                  ///< "sum_reduce(pipeline 0, 3)"

  friend bool operator==(const GroupCall&, const GroupCall&) = default;
};
/// Of every pipeline rank, by the index in its row of the action that makes them, in their order.
using GroupCalls = ById<PipelineRank, std::map<std::size_t, std::vector<GroupCall>>>;

/// What the programs, by pipeline rank, call in the actions of their rows.
GroupCalls group_calls(const Schedule& schedule, const ById<PipelineRank, passes::Program>& programs);

/// A receive that is posted before an action of its row is begun, both by their index.
struct Post {
  std::size_t receive, before;

  friend bool operator==(const Post&, const Post&) = default;
};

/// Where a rank posts its receives says the order of all its calls: the others stand where their actions do.
struct CallOrder {
  ById<PipelineRank, std::vector<Post>> posts;  ///< in their order, as early as it allows
  std::set<Channel> channels;  ///< all of them: their messages are taken in the order in which they are sent
};

/// For a schedule that was verified. No more than `lookahead` receives are posted at a time, those that come first in the
/// row. Empty where the order is decided while it runs (Schedule::window), and where it exists only if sends wait nowhere:
/// there MPI, whose sends do not, carries the messages. Throws Error (usage) that names the circle where there is one even then:
/// `rank 0, action 4 0RECV_B0 can never start (it waits for 1SEND_B0 of rank 1, whose action 3 1REDUCE_GRAD waits for
/// sum_reduce(pipeline 0, 1) of rank 0, in a circle)`.
std::optional<CallOrder> call_order(const Schedule& schedule, const GroupCalls& groups, int lookahead);

}  // namespace heddle::schedule
