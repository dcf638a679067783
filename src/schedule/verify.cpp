// The checks of a schedule, in the order in which their messages help most.
#include "heddle/schedule/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "heddle/base/error.hpp"
#include "heddle/schedule/action_table.hpp"
#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/dependencies.hpp"

namespace heddle::schedule {
namespace {

struct Place {
  int rank = -1;  ///< -1: no row has the action
  std::uint32_t index = 0;

  explicit operator bool() const { return rank >= 0; }
};

std::string at(const Place& place, const Action& action) {
  return fmt::format("rank {}, action {} {}", place.rank, place.index, name(action));
}

std::string comes_later(const Action& awaited, std::size_t index) {
  return fmt::format("it waits for {}, which comes later in the row as action {}", name(awaited), index);
}

class Verifier {
 public:
  Verifier(const Schedule& schedule, int lookahead, int channel_capacity)
      : schedule_(schedule), lookahead_(lookahead), capacity_(channel_capacity) {}

  std::optional<Problem> first_problem() {
    if (auto problem = misplaced()) return problem;
    if (auto problem = dry_run()) return problem;
    return incomplete();
  }

  /// Without the order, of which rows that still lack communication say only a part.
  std::optional<Problem> misplaced() {
    if (auto problem = stages()) return problem;
    places_.emplace(extents());
    for (int rank = 0; rank < schedule_.ranks(); ++rank)
      for (std::uint32_t index = 0; index < schedule_.rows[rank].size(); ++index)
        if (auto problem = out_of_place({rank, index})) return problem;
    return {};
  }

  /// Every gradient is made once, everywhere.
  std::optional<Problem> incomplete() const;

 private:
  std::optional<Problem> stages() const {
    if (schedule_.stages() == 0) return Problem{"the schedule has no stages", "no row computes anything"};
    if (schedule_.microbatches < 1) return Problem{"the schedule has no microbatches", ""};
    for (int stage = 0; stage < schedule_.stages(); ++stage) {
      const int rank = schedule_.rank_of_stage[stage];
      if (rank < 0) return Problem{fmt::format("stage {} is on no rank", stage), "no row computes it"};
      if (rank >= schedule_.ranks())
        return Problem{fmt::format("stage {} is on rank {}", stage, rank),
                       fmt::format("there are {} rows", schedule_.ranks())};
    }
    return {};
  }

  /// Actions beyond the schedule's stages and microbatches are refused before they are looked up.
  Extents extents() const {
    Extents extents{schedule_.stages(), schedule_.microbatches};
    for (const Row& row : schedule_.rows)
      for (const Action& action : row) extents.slices = std::max(extents.slices, action.slice + 1);
    return extents;
  }

  /// Does the action at `place` name what exists, on its rank, for the first time? Remembers it.
  std::optional<Problem> out_of_place(const Place& place) {
    const Action& action = schedule_.rows[place.rank][place.index];
    const auto refuse = [&](std::string why) {
      return Problem{at(place, action) + " is wrong", std::move(why)};
    };
    if (action.stage < 0 || action.stage >= schedule_.stages())
      return refuse(fmt::format("the stages are 0 to {}", schedule_.stages() - 1));
    const int rank = schedule_.rank_of_stage[action.stage];
    if (rank != place.rank) return refuse(fmt::format("stage {} is on rank {}", action.stage, rank));
    if (is_per_stage(action.kind)) {
      if (action.microbatch != -1) return refuse("it is done once a stage, not for a microbatch");
    } else if (action.microbatch < 0 || action.microbatch >= schedule_.microbatches) {
      return refuse(fmt::format("the microbatches are 0 to {}", schedule_.microbatches - 1));
    }
    if (is_send(action.kind) || is_receive(action.kind)) {
      const int partner = partner_stage(action);
      if (partner < 0 || partner >= schedule_.stages()) return refuse("there is no stage at its other end");
      if (schedule_.rank_of_stage[partner] == rank)
        return refuse(fmt::format("stage {} is on the same rank", partner));
    }
    Place& first = (*places_)[action];
    if (first) return refuse(fmt::format("action {} of the row is the same", first.index));
    first = place;
    return doubled_gradient(action, refuse);
  }

  template <class Refuse>
  std::optional<Problem> doubled_gradient(const Action& action, const Refuse& refuse) const {
    for (const ActionKind split : {ActionKind::backward_input, ActionKind::backward_weight}) {
      Action other = action;
      if (action.kind == split)
        other.kind = ActionKind::backward;
      else if (action.kind == ActionKind::backward)
        other.kind = split;
      else
        continue;
      if (const Place& found = (*places_)[other])
        return refuse(fmt::format("action {} {} makes that gradient too", found.index, name(other)));
    }
    return {};
  }

  std::optional<Problem> dry_run() const {
    NullCluster cluster(schedule_, capacity_);
    NullMachine machine(cluster);
    std::vector<Interpreter> loops;
    for (const Row& row : schedule_.rows) loops.emplace_back(row, machine, lookahead_);
    if (run_all(loops) == Progress::done) return {};
    return root_of(loops, cluster);
  }

  /// Of the two actions that meet a need, the one that a row has.
  const Action& present(const Need& need) const { return (*places_)[need.either] ? need.either : need.other; }

  /// Follows what the first blocked row waits for from row to row, to an action that nobody does or to a
  /// circle.
  Problem root_of(const std::vector<Interpreter>& loops, const NullCluster& cluster) const {
    int rank = static_cast<int>(std::ranges::find_if_not(loops, &Interpreter::done) - loops.begin());
    std::vector<bool> seen(loops.size(), false);
    while (true) {
      const Interpreter& loop = loops[rank];
      const Need need = *cluster.unmet(loop.next());
      const Action& awaited = present(need);
      const Place& place = (*places_)[awaited];
      const std::string what = never_starts(rank, loop.position(), loop.next());
      if (!place) return {what, fmt::format("it waits for {}, which no row has", name(need.either))};
      if (place.rank == rank) return {what, comes_later(awaited, place.index)};
      if (seen[rank]) return {what, circle(loops, cluster, rank)};
      seen[rank] = true;
      rank = place.rank;
    }
  }

  /// "it waits for 1SEND_B0 of rank 1, whose action 3 1RECV_F1 waits for 0SEND_F1 of rank 0, in a circle"
  std::string circle(const std::vector<Interpreter>& loops, const NullCluster& cluster, int first) const {
    std::string text;
    int rank = first;
    do {
      const Interpreter& loop = loops[rank];
      if (!text.empty()) text += fmt::format(", whose action {} {} ", loop.position(), name(loop.next()));
      const Need need = *cluster.unmet(loop.next());
      const Action& awaited = present(need);
      const Place& place = (*places_)[awaited];
      text += fmt::format("{}waits for {} of rank {}", text.empty() ? "it " : "", name(awaited), place.rank);
      rank = place.rank;
    } while (rank != first);
    return text + ", in a circle";
  }

  std::optional<Problem> missing(ActionKind kind, int stage, int microbatch, int slice) const {
    const Action action{kind, stage, microbatch, slice};
    if ((*places_)[action]) return {};
    return Problem{fmt::format("no row has {}", name(action)),
                   "each stage computes each microbatch once, F and B, or F, I and W"};
  }

  const Schedule& schedule_;
  int lookahead_, capacity_;
  std::optional<ActionTable<Place>> places_;  ///< once the stages are known to be sound
};

std::optional<Problem> Verifier::incomplete() const {
  const int slices = places_->extents().slices;
  const bool steps = std::ranges::any_of(schedule_.rows, [](const Row& row) {
    return std::ranges::count(row, ActionKind::step, &Action::kind) > 0;
  });
  for (int stage = 0; stage < schedule_.stages(); ++stage) {
    for (int microbatch = 0; microbatch < schedule_.microbatches; ++microbatch)
      for (int slice = 0; slice < slices; ++slice) {
        if (auto problem = missing(ActionKind::forward, stage, microbatch, slice)) return problem;
        const bool split{(*places_)[{ActionKind::backward_input, stage, microbatch, slice}]};
        const ActionKind last = split ? ActionKind::backward_weight : ActionKind::backward;
        if (auto problem = missing(last, stage, microbatch, slice)) return problem;
      }
    const Action step{ActionKind::step, stage};
    if (steps && !(*places_)[step])
      return Problem{fmt::format("no row has {}", name(step)), "other stages step"};
  }
  return {};
}

/// A sum of gradients that stands in its row before one that it takes, which `needs` does not say.
std::optional<Problem> early_sum(const Schedule& schedule) {
  std::vector<std::size_t> next_gradient(schedule.stages(),
                                         0);  // its index; 0: none, since a forward comes first
  for (int rank = 0; rank < schedule.ranks(); ++rank)
    for (std::size_t index = schedule.rows[rank].size(); index-- > 0;) {
      const Action& action = schedule.rows[rank][index];
      if (adds_to_gradients(action.kind)) next_gradient[action.stage] = index;
      const std::size_t later = next_gradient[action.stage];
      if (action.kind == ActionKind::reduce_gradients && later > 0)
        return Problem{never_starts(rank, index, action), comes_later(schedule.rows[rank][later], later)};
    }
  return {};
}

/// Without communication, the first action that waits for ever: what lock_step says.
std::optional<Problem> first_blocked(const Schedule& compute) {
  const std::vector<int> one_rank(compute.stages(), 0);
  ActionTable<std::uint8_t> done(extents_of(compute));
  std::vector<std::size_t> position(compute.rows.size(), 0);
  const auto unmet = [&](const Action& action) -> std::optional<Need> {
    const Needs all = needs(action, one_rank);
    const Need* need = all.first_unmet([&](const Action& other) { return done[other] != 0; });
    return need ? std::optional(*need) : std::nullopt;
  };
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t rank = 0; rank < compute.rows.size(); ++rank) {
      const Row& row = compute.rows[rank];
      for (; position[rank] < row.size() && !unmet(row[position[rank]]); ++position[rank], moved = true)
        done[row[position[rank]]] = 1;
    }
  }
  for (std::size_t rank = 0; rank < compute.rows.size(); ++rank) {
    const Row& row = compute.rows[rank];
    if (position[rank] == row.size()) continue;
    const Action& action = row[position[rank]];
    return Problem{never_starts(static_cast<int>(rank), position[rank], action),
                   fmt::format("it waits for {}", name(unmet(action)->either))};
  }
  return {};
}

}  // namespace

std::optional<Problem> first_problem(const Schedule& schedule, int lookahead, int channel_capacity) {
  return Verifier(schedule, lookahead, channel_capacity).first_problem();
}

std::optional<Problem> first_problem_of_rows(const Schedule& rows) {
  constexpr int any =
      std::numeric_limits<int>::max();  // how many messages wait in a channel is not theirs to know
  Verifier verifier(rows, any, any);
  if (communicates(rows)) return verifier.first_problem();
  if (auto problem = verifier.misplaced()) return problem;
  if (auto problem = first_blocked(rows)) return problem;
  if (auto problem = early_sum(rows)) return problem;
  return verifier.incomplete();
}

void verify(const Schedule& schedule, int lookahead, int channel_capacity) {
  if (const auto problem = first_problem(schedule, lookahead, channel_capacity))
    throw Error(ExitCode::usage, problem->what, problem->why, rows_that_run);
}

}  // namespace heddle::schedule
