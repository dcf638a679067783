// Rows to clocks and back.
#include "heddle/schedule/lock_step.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "heddle/schedule/row_walker.hpp"

namespace heddle::schedule {

namespace {

/// In the given clock, which lies behind all of the row.
void put(std::vector<Cell>& row, std::size_t clock, const Action& action) {
  row.resize(clock);
  row.emplace_back(action);
}

}  // namespace

Cells lock_step(const Schedule& compute) {
  RowWalker walker(compute, Dependencies::without_messages(compute.stages(), compute.slices));
  Cells cells(compute.rows.size());
  std::size_t clocks = 0;
  walker.by_clocks([&](std::size_t clock, PipelineRank rank, const Action& action) {
    put(cells[rank], clock, action);
    clocks = clock + 1;
  });
  throw_if_any(walker.first_blocked());
  for (auto& row : cells) row.resize(clocks);
  return cells;
}

Cells lock_step_with_communication(const Schedule& lowered) {
  RowWalker walker(lowered, Dependencies(lowered));
  Cells cells(lowered.rows.size());
  const std::vector<PipelineRank> all = walker.unfinished();
  std::set<PipelineRank> turn(all.begin(), all.end());
  for (std::size_t clock = 0; !turn.empty(); ++clock) {
    std::set<PipelineRank> moved;
    // What a rank makes possible is taken in the same clock: by a later rank at once, by an earlier one in
    // a second round.
    for (int round = 0; round < 2; ++round) {
      std::set<PipelineRank> passed;
      while (!turn.empty()) {
        const PipelineRank rank = *turn.begin();
        turn.erase(rank);
        if (walker.at_end(rank) || !walker.ready(rank)) continue;
        put(cells[rank], clock, walker.take(rank));
        moved.insert(rank);
        for (const PipelineRank woken : walker.woken()) (woken > rank ? turn : passed).insert(woken);
      }
      turn = std::move(passed);
    }
    turn.merge(moved);
  }
  throw_if_any(walker.first_blocked());
  return cells;
}

Cells cells_of(const Schedule& schedule) {
  Cells cells;
  for (const Row& row : schedule.rows) cells.emplace_back(row.begin(), row.end());
  return cells;
}

Schedule schedule_of(const Cells& cells) {
  Schedule schedule;
  for (const PipelineRank rank : cells.ids()) {
    Row& row = schedule.rows.emplace_back();
    for (const Cell& cell : cells[rank]) {
      if (!cell) continue;
      row.push_back(*cell);
      schedule.microbatches = std::max(schedule.microbatches, cell->microbatch + 1);
      schedule.slices = std::max(schedule.slices, cell->slice + 1);
      if (cell->stage >= schedule.stages()) schedule.rank_of_stage.resize(cell->stage + 1, PipelineRank(-1));
      PipelineRank& holder = schedule.rank_of_stage[cell->stage];
      if (is_compute(cell->kind) && holder < 0) holder = rank;
    }
  }
  return schedule;
}

}  // namespace heddle::schedule
