// Rows to clocks and back.
#include "heddle/schedule/lock_step.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/base/error.hpp"
#include "heddle/schedule/action_table.hpp"
#include "heddle/schedule/dependencies.hpp"

namespace heddle::schedule {

Cells lock_step(const Schedule& compute) {
  const std::vector<int> one_rank(compute.stages(), 0);  // so that no value needs a receive
  ActionTable<std::uint8_t> done(extents_of(compute));
  const auto is_done = [&](const Action& action) { return done[action] != 0; };
  std::vector<std::size_t> position(compute.rows.size(), 0);
  const auto left = [&](int rank) { return position[rank] < compute.rows[rank].size(); };
  std::size_t actions_left = 0;
  for (const Row& row : compute.rows) actions_left += row.size();

  Cells cells(compute.rows.size());
  while (actions_left > 0) {
    Row clock;
    for (int rank = 0; rank < compute.ranks(); ++rank) {
      Cell cell;
      if (left(rank)) {
        const Action& next = compute.rows[rank][position[rank]];
        if (!needs(next, one_rank).first_unmet(is_done)) cell = next, clock.push_back(next), ++position[rank];
      }
      cells[rank].push_back(cell);
    }
    if (clock.empty()) {
      int rank = 0;
      while (!left(rank)) ++rank;
      const Action& next = compute.rows[rank][position[rank]];
      throw Error(ExitCode::usage, never_starts(rank, position[rank], next),
                  fmt::format("it waits for {}", name(needs(next, one_rank).first_unmet(is_done)->either)),
                  rows_that_run);
    }
    for (const Action& action : clock) done[action] = 1;
    actions_left -= clock.size();
  }
  return cells;
}

Cells lock_step_with_communication(const Schedule& lowered) {
  ActionTable<std::uint8_t> done(extents_of(lowered));
  const auto is_done = [&](const Action& action) { return done[action] != 0; };
  std::vector<std::size_t> position(lowered.rows.size(), 0);
  Cells cells(lowered.rows.size());
  const auto left = [&](int rank) { return position[rank] < lowered.rows[rank].size(); };
  const auto next = [&](int rank) { return lowered.rows[rank][position[rank]]; };
  const auto take = [&](int rank) -> Cell {
    const Action action = next(rank);
    if (needs(action, lowered.rank_of_stage).first_unmet(is_done)) return {};
    done[action] = 1;
    ++position[rank];
    return action;
  };
  while (true) {
    int waiting = -1;
    bool moved = false;
    for (int rank = 0; rank < lowered.ranks(); ++rank) {
      if (!left(rank)) continue;
      cells[rank].push_back(take(rank));
      if (cells[rank].back())
        moved = true;
      else if (waiting < 0)
        waiting = rank;
    }
    if (!moved && waiting < 0) return cells;
    if (!moved)
      throw Error(ExitCode::usage, never_starts(waiting, position[waiting], next(waiting)),
                  fmt::format("it waits for {}",
                              name(needs(next(waiting), lowered.rank_of_stage).first_unmet(is_done)->either)),
                  rows_that_run);
    for (int rank = 0; rank < lowered.ranks(); ++rank)  // what a later rank has just made possible
      if (left(rank) && !cells[rank].back()) cells[rank].back() = take(rank);
  }
}

Cells cells_of(const Schedule& schedule) {
  Cells cells;
  for (const Row& row : schedule.rows) cells.emplace_back(row.begin(), row.end());
  return cells;
}

Schedule schedule_of(const Cells& cells) {
  Schedule schedule;
  for (int rank = 0; rank < static_cast<int>(cells.size()); ++rank) {
    Row& row = schedule.rows.emplace_back();
    for (const Cell& cell : cells[rank]) {
      if (!cell) continue;
      row.push_back(*cell);
      schedule.microbatches = std::max(schedule.microbatches, cell->microbatch + 1);
      if (cell->stage >= schedule.stages()) schedule.rank_of_stage.resize(cell->stage + 1, -1);
      int& holder = schedule.rank_of_stage[cell->stage];
      if (is_compute(cell->kind) && holder < 0) holder = rank;
    }
  }
  return schedule;
}

}  // namespace heddle::schedule
