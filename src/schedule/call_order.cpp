#include "heddle/schedule/call_order.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/schedule/action_table.hpp"
#include "heddle/schedule/null_machine.hpp"
#include "heddle/schedule/problem.hpp"

namespace heddle::schedule {
namespace {

/// Whether a send is over only once its receive is posted, or at once, its message being kept somewhere.
enum class Sends { wait, go_on };

/// Where a rank stands.
struct Place {
  std::size_t position = 0;  ///< in its row
  bool begun = false;        ///< the action there, which is no message
  std::size_t called = 0;    ///< of its group calls
  std::size_t scan = 0;      ///< receives before this index may be posted,
  int open = 0;              ///< and so many of them are not taken yet
  std::size_t earliest = 0;  ///< where the next call may be made
};

class Line {
 public:
  Line(const Schedule& schedule, const GroupCalls& groups, int lookahead, Sends sends)
      : schedule_(schedule),
        groups_(groups),
        lookahead_(lookahead),
        sends_(sends),
        receives_({schedule.stages(), schedule.microbatches, schedule.slices}),
        sent_({schedule.stages(), schedule.microbatches, schedule.slices}),
        places_(schedule.rows.size()) {
    order_.posts.resize(schedule.rows.size());
    for (const PipelineRank rank : places_.ids()) {
      for (std::size_t index = 0; index < schedule.rows[rank].size(); ++index)
        if (is_receive(schedule.rows[rank][index].kind)) receives_[schedule.rows[rank][index]] = {index, 0};
      open_receives(rank);
    }
  }

  /// As far as it goes. What is forward goes down the pipeline in one sweep, what is backward up.
  void draw() {
    do {
      for (bool moved = true; moved;) {
        moved = false;
        for (const PipelineRank rank : places_.ids()) moved = meet(rank, true) || moved;
        for (int rank = schedule_.ranks(); rank-- > 0;) moved = meet(PipelineRank(rank), false) || moved;
      }
    } while (begin_all());
  }

  bool complete() const { return first_standing() == places_.size(); }
  CallOrder order() { return std::move(order_); }

  /// Of one that is not complete. From the first rank that stands, what each waits for leads into it.
  Problem circle() const {
    PipelineRank rank(static_cast<int>(first_standing()));
    for (int i = 0; i < schedule_.ranks(); ++i) rank = awaited(rank).rank;
    const PipelineRank first = rank;
    std::string text;
    do {
      const auto [what, next] = awaited(rank);
      text += fmt::format(
          "{} waits for {} of rank {}",
          text.empty() ? "it"
                       : fmt::format(", whose action {} {}", places_[rank].position, name(action(rank))),
          what, next);
      rank = next;
    } while (rank != first);
    return {never_starts(first, places_[first].position, action(first)), text + ", in a circle"};
  }

 private:
  struct Receive {
    std::size_t index = 0;
    std::size_t opened = 0;  ///< where its rank stood when it was
  };
  struct Awaited {
    std::string what;
    PipelineRank rank;
  };

  std::size_t first_standing() const {
    std::size_t rank = 0;
    while (rank < places_.size() && at_end(PipelineRank(static_cast<int>(rank)))) ++rank;
    return rank;
  }
  bool at_end(PipelineRank rank) const { return places_[rank].position == schedule_.rows[rank].size(); }
  const Action& action(PipelineRank rank) const { return schedule_.rows[rank][places_[rank].position]; }
  bool is_message(PipelineRank rank) const {
    return is_send(action(rank).kind) || is_receive(action(rank).kind);
  }
  PipelineRank partner(PipelineRank rank) const {
    return schedule_.rank_of_stage[partner_stage(action(rank))];
  }

  void open_receives(PipelineRank rank) {
    Place& place = places_[rank];
    const Row& row = schedule_.rows[rank];
    for (; place.scan < row.size() && place.open < lookahead_; ++place.scan) {
      if (!is_receive(row[place.scan].kind)) continue;
      receives_[row[place.scan]].opened = place.position;
      ++place.open;
    }
  }

  void go_on(PipelineRank rank) {
    Place& place = places_[rank];
    place.begun = false;
    place.called = 0;
    ++place.position;
    open_receives(rank);
  }

  /// Calls that can be made now: a send, or what a group meets for, and receives that are taken.
  bool meet(PipelineRank rank, bool forward) {
    bool moved = false;
    while (!at_end(rank) && (is_message(rank) ? pass_message(rank, forward) : call_group(rank))) moved = true;
    return moved;
  }

  bool pass_message(PipelineRank rank, bool forward) {
    if (is_receive(action(rank).kind)) {
      if (!sent_[counterpart(action(rank))]) return false;
      --places_[rank].open;
    } else {
      if (goes_forward(action(rank).kind) != forward || !may_send(rank)) return false;
      send(rank);
    }
    go_on(rank);
    return true;
  }

  /// Its receive may be posted, which is never between two calls of an action.
  bool may_send(PipelineRank rank) const {
    if (sends_ == Sends::go_on) return true;
    const Place& there = places_[partner(rank)];
    return receives_[counterpart(action(rank))].index < there.scan && there.called == 0;
  }

  void send(PipelineRank rank) {
    Place &here = places_[rank], &there = places_[partner(rank)];
    const Receive& receive = receives_[counterpart(action(rank))];
    sent_[action(rank)] = true;
    here.earliest = here.position + 1;
    there.earliest = std::max(there.earliest, receive.opened);
    order_.posts[partner(rank)].push_back({receive.index, there.earliest});
    order_.channels.insert({rank, partner(rank), channel_of(action(rank))});
  }

  const std::vector<GroupCall>& calls(PipelineRank rank) const {
    static const std::vector<GroupCall> none;
    const auto found = groups_[rank].find(places_[rank].position);
    return found == groups_[rank].end() ? none : found->second;
  }
  /// Of an action that has been begun.
  const GroupCall* next_call(PipelineRank rank) const {
    const Place& place = places_[rank];
    return !at_end(rank) && place.begun ? &calls(rank)[place.called] : nullptr;
  }

  bool call_group(PipelineRank rank) {
    const GroupCall* const call = next_call(rank);
    if (!call || absent(*call)) return false;
    for (const PipelineRank member : call->ranks) {
      Place& place = places_[member];
      place.earliest = place.position + 1;
      if (++place.called == calls(member).size()) go_on(member);
    }
    return true;
  }

  /// The first of its ranks that does not stand there.
  std::optional<PipelineRank> absent(const GroupCall& call) const {
    for (const PipelineRank member : call.ranks)
      if (const GroupCall* theirs = next_call(member); !theirs || *theirs != call) return member;
    return {};
  }

  /// One clock: every rank does the action at which it stands, up to its first call.
  bool begin_all() {
    bool any = false;
    for (const PipelineRank rank : places_.ids()) {
      if (at_end(rank) || is_message(rank) || places_[rank].begun) continue;
      any = true;
      if (calls(rank).empty())
        go_on(rank);
      else
        places_[rank].begun = true;
    }
    return any;
  }

  Awaited awaited(PipelineRank rank) const {
    HEDDLE_EXPECT(!at_end(rank));
    if (is_message(rank)) return {name(counterpart(action(rank))), partner(rank)};
    const GroupCall& call = *next_call(rank);
    return {call.map, *absent(call)};
  }

  const Schedule& schedule_;
  const GroupCalls& groups_;
  int lookahead_;
  Sends sends_;
  ActionTable<Receive> receives_;
  ActionTable<std::uint8_t> sent_;
  ById<PipelineRank, Place> places_;
  CallOrder order_;
};

}  // namespace

std::optional<CallOrder> call_order(const Schedule& schedule, const GroupCalls& groups, int lookahead) {
  if (schedule.window > 1) return {};
  Line line(schedule, groups, lookahead, Sends::wait);
  line.draw();
  if (line.complete()) return line.order();
  Line of_the_host(schedule, groups, lookahead, Sends::go_on);
  of_the_host.draw();
  if (!of_the_host.complete()) throw_if_any(of_the_host.circle());
  return {};
}

}  // namespace heddle::schedule
