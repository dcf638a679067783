// Walks the clocks of a compute-only schedule and writes rows with communication.
#include "heddle/schedule/communication.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "heddle/schedule/row_walker.hpp"

namespace heddle::schedule {
namespace {

/// Rows with communication while they are written.
class Lowering {
 public:
  Lowering(const Schedule& compute, Receives receives)
      : receives_(receives), dependencies_(compute), lowered_(compute) {
    lowered_.rows.assign(compute.rows.size(), {});
  }

  /// `action`, whose inputs are there, comes next in the row.
  void add(PipelineRank rank, const Action& action) {
    Row& row = lowered_.rows[rank];
    if (receives_ == Receives::before_use)
      for (const Need& need : dependencies_.of(action))
        if (is_receive(need.either.kind)) row.push_back(need.either);
    row.push_back(action);
    const auto send = send_of(action);
    if (!send) return;
    row.push_back(*send);
    const Action receive = counterpart(*send);
    if (receives_ == Receives::as_sent)
      lowered_.rows[lowered_.rank_of_stage[receive.stage]].push_back(receive);
  }

  Schedule schedule() { return std::move(lowered_); }

 private:
  /// The send of what `action` makes, if another rank takes it.
  std::optional<Action> send_of(const Action& action) const {
    if (action.kind == ActionKind::backward_weight || is_per_stage(action.kind)) return {};
    Action send = action;
    send.kind = action.kind == ActionKind::forward ? ActionKind::send_forward : ActionKind::send_backward;
    const Stage partner = partner_stage(send);
    if (partner < 0 || partner >= lowered_.stages()) return {};
    if (lowered_.rank_of_stage[partner] == lowered_.rank_of_stage[action.stage]) return {};
    return send;
  }

  Receives receives_;
  Dependencies dependencies_;
  Schedule lowered_;
};

RowWalker walker_of(const Schedule& compute) {
  return {compute, Dependencies::without_messages(compute.stages(), compute.slices)};
}

}  // namespace

Schedule add_communication(const Cells& cells, const ById<Stage, PipelineRank>& rank_of_stage,
                           Receives receives) {
  Schedule compute = schedule_of(cells);
  compute.rank_of_stage = rank_of_stage;
  Lowering lowering(compute, receives);
  RowWalker walker = walker_of(compute);
  std::vector<std::size_t> clock(cells.size(), 0);  // of each rank: one that waits falls behind the others
  for (bool moved = true; moved;) {
    moved = false;
    for (const PipelineRank rank : first<PipelineRank>(walker.ranks())) {
      if (clock[rank] == cells[rank].size()) continue;
      const bool idles = !cells[rank][clock[rank]];
      if (!idles && !walker.ready(rank)) continue;
      if (!idles) lowering.add(rank, walker.take(rank));
      ++clock[rank];
      moved = true;
    }
  }
  throw_if_any(walker.first_blocked());
  return lowering.schedule();
}

Schedule add_communication(const Schedule& compute, Receives receives) {
  Lowering lowering(compute, receives);
  RowWalker walker = walker_of(compute);
  walker.by_clocks([&](std::size_t, PipelineRank rank, const Action& action) { lowering.add(rank, action); });
  throw_if_any(walker.first_blocked());
  return lowering.schedule();
}

Schedule finish_step(Schedule schedule) {
  for (const ActionKind kind : {ActionKind::reduce_gradients, ActionKind::step})
    for (const Stage stage : first<Stage>(schedule.stages())) {
      Row& row = schedule.rows[schedule.rank_of_stage[stage]];
      const Action action{kind, stage};
      if (std::find(row.begin(), row.end(), action) == row.end()) row.push_back(action);
    }
  return schedule;
}

bool communicates(const Schedule& schedule) {
  const auto is_message = [](const Action& action) {
    return is_send(action.kind) || is_receive(action.kind);
  };
  return std::any_of(schedule.rows.begin(), schedule.rows.end(),
                     [&](const Row& row) { return std::any_of(row.begin(), row.end(), is_message); });
}

Schedule lower(const Schedule& schedule) {
  return finish_step(communicates(schedule) ? schedule : add_communication(schedule));
}

}  // namespace heddle::schedule
