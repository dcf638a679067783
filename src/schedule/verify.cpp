// The checks of a schedule, in the order in which their messages help most.
#include "heddle/schedule/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/row_walker.hpp"

namespace heddle::schedule {
namespace {

/// Where an action stands.
struct Position {
  PipelineRank rank{-1};  ///< -1: no row has the action
  std::uint32_t index = 0;

  explicit operator bool() const { return rank >= 0; }
};

std::string at(const Position& position, const Action& action) {
  return fmt::format("rank {}, action {} {}", position.rank, position.index, name(action));
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
    // Actions beyond these extents are refused before they are looked up.
    positions_.emplace(Extents{schedule_.stages(), schedule_.microbatches, schedule_.slices});
    for (const PipelineRank rank : first<PipelineRank>(schedule_.ranks()))
      for (std::uint32_t index = 0; index < schedule_.rows[rank].size(); ++index)
        if (auto problem = misplacement({rank, index})) return problem;
    return {};
  }

  /// Every gradient is made once, everywhere.
  std::optional<Problem> incomplete() const;

 private:
  std::optional<Problem> stages() const {
    if (schedule_.stages() == 0) return Problem{"the schedule has no stages", "no row computes anything"};
    if (schedule_.microbatches < 1) return Problem{"the schedule has no microbatches", ""};
    for (const Stage stage : first<Stage>(schedule_.stages())) {
      const PipelineRank rank = schedule_.rank_of_stage[stage];
      if (rank < 0) return Problem{fmt::format("stage {} is on no rank", stage), "no row computes it"};
      if (rank >= schedule_.ranks())
        return Problem{fmt::format("stage {} is on rank {}", stage, rank),
                       fmt::format("there are {} rows", schedule_.ranks())};
    }
    return {};
  }

  /// Does the action at `position` name what exists, on its rank, for the first time? Remembers it.
  std::optional<Problem> misplacement(const Position& position) {
    const Action& action = schedule_.rows[position.rank][position.index];
    const auto refuse = [&](std::string why) {
      return Problem{at(position, action) + " is wrong", std::move(why)};
    };
    if (action.stage < 0 || action.stage >= schedule_.stages())
      return refuse(fmt::format("the stages are 0 to {}", schedule_.stages() - 1));
    const PipelineRank rank = schedule_.rank_of_stage[action.stage];
    if (rank != position.rank) return refuse(fmt::format("stage {} is on rank {}", action.stage, rank));
    if (is_per_stage(action.kind)) {
      if (action.microbatch != -1) return refuse("it is done once a stage, not for a microbatch");
    } else if (action.microbatch < 0 || action.microbatch >= schedule_.microbatches) {
      return refuse(fmt::format("the microbatches are 0 to {}", schedule_.microbatches - 1));
    }
    if (action.slice < 0 || action.slice >= schedule_.slices)
      return refuse(fmt::format("the slices are 0 to {}", schedule_.slices - 1));
    if (is_send(action.kind) || is_receive(action.kind)) {
      const Stage partner = partner_stage(action);
      if (partner < 0 || partner >= schedule_.stages()) return refuse("there is no stage at its other end");
      if (schedule_.rank_of_stage[partner] == rank)
        return refuse(fmt::format("stage {} is on the same rank", partner));
    }
    Position& first = (*positions_)[action];
    if (first) return refuse(fmt::format("action {} of the row is the same", first.index));
    first = position;
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
      if (const Position& found = (*positions_)[other])
        return refuse(fmt::format("action {} {} makes that gradient too", found.index, name(other)));
    }
    return {};
  }

  std::optional<Problem> dry_run() const {
    NullCluster cluster(schedule_, capacity_);
    NullMachine machine(cluster);
    ById<PipelineRank, Interpreter> loops;
    for (const Row& row : schedule_.rows) loops.emplace_back(row, machine, lookahead_);
    if (run_all(loops) == Advance::done) return {};
    return root_of(loops, cluster);
  }

  /// Of the two actions that meet a need, the one that a row has.
  const Action& present(const Need& need) const {
    return (*positions_)[need.either] ? need.either : need.other;
  }

  /// Follows what the first blocked row waits for from row to row, to an action that nobody does or
  /// to a circle.
  Problem root_of(const ById<PipelineRank, Interpreter>& loops, const NullCluster& cluster) const {
    PipelineRank rank(static_cast<int>(std::ranges::find_if_not(loops, &Interpreter::done) - loops.begin()));
    std::vector<bool> seen(loops.size(), false);
    while (true) {
      const Interpreter& loop = loops[rank];
      const Need need = *cluster.unmet(loop.next());
      const Action& awaited = present(need);
      const Position& position = (*positions_)[awaited];
      const std::string what = never_starts(rank, loop.position(), loop.next());
      if (!position) return {what, fmt::format("it waits for {}, which no row has", name(need.either))};
      if (position.rank == rank) return {what, comes_later(awaited, position.index)};
      if (seen[rank]) return {what, circle(loops, cluster, rank)};
      seen[rank] = true;
      rank = position.rank;
    }
  }

  /// "it waits for 1SEND_B0 of rank 1, whose action 3 1RECV_F1 waits for 0SEND_F1 of rank 0, in a circle"
  std::string circle(const ById<PipelineRank, Interpreter>& loops, const NullCluster& cluster,
                     PipelineRank from) const {
    std::string text;
    PipelineRank rank = from;
    do {
      const Interpreter& loop = loops[rank];
      if (!text.empty()) text += fmt::format(", whose action {} {} ", loop.position(), name(loop.next()));
      const Need need = *cluster.unmet(loop.next());
      const Action& awaited = present(need);
      const Position& position = (*positions_)[awaited];
      text +=
          fmt::format("{}waits for {} of rank {}", text.empty() ? "it " : "", name(awaited), position.rank);
      rank = position.rank;
    } while (rank != from);
    return text + ", in a circle";
  }

  std::optional<Problem> missing(ActionKind kind, Stage stage, int microbatch, int slice) const {
    const Action action{kind, stage, microbatch, slice};
    if ((*positions_)[action]) return {};
    return Problem{fmt::format("no row has {}", name(action)),
                   "each stage computes each microbatch once, F and B, or F, I and W"};
  }

  const Schedule& schedule_;
  int lookahead_, capacity_;
  std::optional<ActionTable<Position>> positions_;  ///< once the stages are known to be sound
};

std::optional<Problem> Verifier::incomplete() const {
  const int slices = schedule_.slices;
  const bool steps = std::ranges::any_of(schedule_.rows, [](const Row& row) {
    return std::ranges::count(row, ActionKind::step, &Action::kind) > 0;
  });
  for (const Stage stage : first<Stage>(schedule_.stages())) {
    for (int microbatch = 0; microbatch < schedule_.microbatches; ++microbatch)
      for (int slice = 0; slice < slices; ++slice) {
        if (auto problem = missing(ActionKind::forward, stage, microbatch, slice)) return problem;
        const bool split{(*positions_)[{ActionKind::backward_input, stage, microbatch, slice}]};
        const ActionKind last = split ? ActionKind::backward_weight : ActionKind::backward;
        if (auto problem = missing(last, stage, microbatch, slice)) return problem;
      }
    const Action step{ActionKind::step, stage};
    if (steps && !(*positions_)[step])
      return Problem{fmt::format("no row has {}", name(step)), "other stages step"};
  }
  return {};
}

/// A sum of gradients that stands in its row before one that it takes, which `needs` does not say.
std::optional<Problem> early_sum(const Schedule& schedule) {
  // By stage, the index of its next gradient; 0: none, since a forward comes first.
  ById<Stage, std::size_t> next_gradient(schedule.stages(), 0);
  for (const PipelineRank rank : first<PipelineRank>(schedule.ranks()))
    for (std::size_t index = schedule.rows[rank].size(); index-- > 0;) {
      const Action& action = schedule.rows[rank][index];
      if (adds_to_gradients(action.kind)) next_gradient[action.stage] = index;
      const std::size_t later = next_gradient[action.stage];
      if (action.kind == ActionKind::reduce_gradients && later > 0)
        return Problem{never_starts(rank, index, action), comes_later(schedule.rows[rank][later], later)};
    }
  return {};
}

/// Without communication, the first action that waits for ever.
std::optional<Problem> first_blocked(const Schedule& compute) {
  RowWalker walker(compute, Dependencies::without_messages(compute.stages(), compute.slices));
  walker.by_clocks([](std::size_t, PipelineRank, const Action&) {});
  return walker.first_blocked();
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
  throw_if_any(first_problem(schedule, lookahead, channel_capacity));
}

}  // namespace heddle::schedule
