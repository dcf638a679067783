// Walks the clocks of a compute-only schedule and writes rows with communication.
#include "heddle/schedule/communication.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "heddle/base/error.hpp"
#include "heddle/schedule/action_table.hpp"
#include "heddle/schedule/dependencies.hpp"

namespace heddle::schedule {
namespace {

Extents extents_of(const Cells& cells, const std::vector<int>& rank_of_stage) {
  Extents extents{static_cast<int>(rank_of_stage.size())};
  for (const auto& row : cells)
    for (const Cell& cell : row)
      if (cell) extents.include(*cell);
  return extents;
}

class Lowering {
 public:
  Lowering(const Cells& cells, const std::vector<int>& rank_of_stage, Receives receives)
      : receives_(receives), placed_(extents_of(cells, rank_of_stage)) {
    schedule_.rows.resize(cells.size());
    schedule_.rank_of_stage = rank_of_stage;
  }

  /// The need that keeps `action` from being placed; nothing when it can be. A message counts as received
  /// once sent.
  std::optional<Need> unmet(const Action& action) const {
    const Needs all = needs(action, schedule_.rank_of_stage);
    const Need* need = all.first_unmet([&](const Action& other) { return placed_[other] != 0; });
    return need ? std::optional(*need) : std::nullopt;
  }

  void place(int rank, const Action& action) {
    Row& row = schedule_.rows[rank];
    if (receives_ == Receives::before_use)
      for (const Need& need : needs(action, schedule_.rank_of_stage))
        if (is_receive(need.either.kind)) row.push_back(need.either);
    row.push_back(action);
    placed_[action] = 1;
    schedule_.microbatches = std::max(schedule_.microbatches, action.microbatch + 1);
    if (const auto send = send_of(action)) {
      row.push_back(*send);
      const Action receive = counterpart(*send);
      placed_[receive] = 1;
      if (receives_ == Receives::as_sent)
        schedule_.rows[schedule_.rank_of_stage[receive.stage]].push_back(receive);
    }
  }

  Schedule schedule() { return std::move(schedule_); }

 private:
  /// The send of what `action` makes, if another rank takes it.
  std::optional<Action> send_of(const Action& action) const {
    if (action.kind == ActionKind::backward_weight || is_per_stage(action.kind)) return {};
    Action send = action;
    send.kind = action.kind == ActionKind::forward ? ActionKind::send_forward : ActionKind::send_backward;
    const int partner = partner_stage(send);
    if (partner < 0 || partner >= schedule_.stages()) return {};
    if (schedule_.rank_of_stage[partner] == schedule_.rank_of_stage[action.stage]) return {};
    return send;
  }

  Schedule schedule_;
  Receives receives_;
  ActionTable<std::uint8_t> placed_;  ///< computations done, and receives whose data was sent
};

[[noreturn]] void refuse(const Cells& cells, const std::vector<std::size_t>& clock,
                         const Lowering& lowering) {
  int rank = 0;
  while (clock[rank] == cells[rank].size()) ++rank;
  const Action& action = *cells[rank][clock[rank]];
  std::size_t index = 0;
  for (std::size_t c = 0; c < clock[rank]; ++c) index += cells[rank][c].has_value();
  throw Error(ExitCode::usage, never_starts(rank, index, action),
              fmt::format("it waits for {}", name(lowering.unmet(action)->either)), rows_that_run);
}

}  // namespace

Schedule add_communication(const Cells& cells, const std::vector<int>& rank_of_stage, Receives receives) {
  Lowering lowering(cells, rank_of_stage, receives);
  std::vector<std::size_t> clock(cells.size(), 0);  // of each rank: one that waits falls behind the others
  bool moved = true, left = true;
  while (left) {
    if (!moved) refuse(cells, clock, lowering);
    moved = left = false;
    for (std::size_t rank = 0; rank < cells.size(); ++rank) {
      if (clock[rank] == cells[rank].size()) continue;
      left = true;
      const Cell& cell = cells[rank][clock[rank]];
      if (cell && lowering.unmet(*cell)) continue;
      if (cell) lowering.place(static_cast<int>(rank), *cell);
      ++clock[rank];
      moved = true;
    }
  }
  return lowering.schedule();
}

Schedule add_communication(const Schedule& compute, Receives receives) {
  Schedule schedule = add_communication(lock_step(compute), compute.rank_of_stage, receives);
  schedule.window = compute.window;
  return schedule;
}

Schedule finish_step(Schedule schedule) {
  for (const ActionKind kind : {ActionKind::reduce_gradients, ActionKind::step})
    for (int stage = 0; stage < schedule.stages(); ++stage) {
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
