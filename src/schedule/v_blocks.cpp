// Clocks of a building block, repeated and then tightened.
#include "heddle/schedule/v_blocks.hpp"

#include <algorithm>
#include <array>
#include <deque>

#include "heddle/base/error.hpp"
#include "heddle/schedule/action_table.hpp"
#include "heddle/schedule/dependencies.hpp"
#include "heddle/schedule/lock_step.hpp"
#include "heddle/schedule/placement.hpp"

namespace heddle::schedule {
namespace {

constexpr int period = 6;  // F, I and W of two stages

/// The clocks of the first microbatch on a rank.
struct Block {
  int forward_out, forward_back, input_back, input_out;
};

/// The intervals keep two actions of a rank out of one clock, whatever the number of ranks.
Block half_block(PipelineRank rank, int ranks) {
  const int interval = ranks % 2 == 0 ? 3 : 0;
  return {2 * rank, 3 * ranks - rank - 2, 3 * ranks + interval + 2 * rank - 1,
          6 * ranks + interval - rank - 2};
}
Block min_block(PipelineRank rank, int ranks) {
  const int interval = ranks % 3 == 0 ? 2 : 0;
  return {rank, 2 * ranks - rank - 1, 2 * ranks + interval + rank, 4 * ranks + interval - rank - 1};
}

/// One rank's actions by clock.
class Clocks {
 public:
  void put(std::size_t clock, const Action& action) {
    if (cells_.size() <= clock) cells_.resize(clock + 1);
    HEDDLE_EXPECT(!cells_[clock]);
    cells_[clock] = action;
  }

  /// Each W in the first free clock after its I, the longest waiting first.
  void fill_with_weights() {
    std::deque<Action> waiting;
    for (std::size_t clock = 0; clock < cells_.size() || !waiting.empty(); ++clock) {
      if (clock == cells_.size()) cells_.emplace_back();
      if (cells_[clock] && cells_[clock]->kind == ActionKind::backward_input) {
        waiting.push_back(*cells_[clock]);
        waiting.back().kind = ActionKind::backward_weight;
      } else if (!cells_[clock] && !waiting.empty()) {
        cells_[clock] = waiting.front();
        waiting.pop_front();
      }
    }
  }

  /// Counts what is held after each clock; its most stays the limit.
  void count_held() {
    int now = 0;
    for (const Cell& cell : cells_) {
      if (cell) now += change(*cell);
      held_.push_back(now);
      limit_ = std::max(limit_, now);
    }
  }

  /// Moves the action at `clock` to the first free clock from `earliest` on; where it is then.
  std::size_t move_up(std::size_t clock, std::size_t earliest) {
    const int more = change(*cells_[clock]);
    std::size_t first = clock;  // that lies before all clocks in which there is no room for one more
    while (first > earliest && held_[first - 1] + more <= limit_) --first;
    while (first < clock && cells_[first]) ++first;
    if (first == clock) return clock;
    for (std::size_t at = first; at < clock; ++at) held_[at] += more;
    std::swap(cells_[first], cells_[clock]);
    return first;
  }

  std::size_t size() const { return cells_.size(); }
  const Cell& operator[](std::size_t clock) const { return cells_[clock]; }

 private:
  static int change(const Action& action) {
    return (action.kind == ActionKind::forward) - (action.kind == ActionKind::backward_weight);
  }

  std::vector<Cell> cells_;
  std::vector<int> held_;
  int limit_ = 0;
};

Clocks repeated(const Block& block, PipelineRank rank, int ranks, int microbatches) {
  const Stage out(int{rank}), back(2 * ranks - 1 - rank);
  Clocks clocks;
  for (int i = 0; i < microbatches; ++i) {
    clocks.put(block.forward_out + i * period, {ActionKind::forward, out, i});
    clocks.put(block.forward_back + i * period, {ActionKind::forward, back, i});
    clocks.put(block.input_back + i * period, {ActionKind::backward_input, back, i});
    clocks.put(block.input_out + i * period, {ActionKind::backward_input, out, i});
  }
  clocks.fill_with_weights();
  clocks.count_held();
  return clocks;
}

/// In the order of the clocks, so that what an action needs has already moved.
void tighten(std::vector<Clocks>& ranks, const Extents& extents) {
  const auto dependencies = Dependencies::without_messages(extents.stages, extents.slices);
  ActionTable<std::size_t> after(extents);  // the clock after an action's
  std::size_t last = 0;
  for (const Clocks& clocks : ranks) last = std::max(last, clocks.size());
  for (std::size_t clock = 0; clock < last; ++clock)
    for (Clocks& clocks : ranks) {
      if (clock >= clocks.size() || !clocks[clock]) continue;
      const Action action = *clocks[clock];
      std::size_t earliest = 0;
      if (action.microbatch > 0) earliest = after[{action.kind, action.stage, action.microbatch - 1}];
      // Each need has been met, by whichever of its two actions the rows have.
      dependencies.of(action).first_unmet([&](const Action& other) {
        earliest = std::max(earliest, after[other]);
        return after[other] > 0;
      });
      after[action] = clocks.move_up(clock, earliest) + 1;
    }
}

Schedule from_blocks(int ranks, int microbatches, Block (*block)(PipelineRank, int)) {
  HEDDLE_EXPECT(ranks >= 1 && microbatches >= 1);
  ById<PipelineRank, Clocks> clocks;
  for (const PipelineRank rank : first<PipelineRank>(ranks))
    clocks.push_back(repeated(block(rank, ranks), rank, ranks, microbatches));
  tighten(clocks, {2 * ranks, microbatches});
  Schedule schedule{ById<PipelineRank, Row>(ranks), folded(ranks), microbatches};
  for (const PipelineRank rank : first<PipelineRank>(ranks))
    for (std::size_t clock = 0; clock < clocks[rank].size(); ++clock)
      if (const Cell& cell = clocks[rank][clock]) schedule.rows[rank].push_back(*cell);
  return schedule;
}

}  // namespace

Schedule v_half(int ranks, int microbatches) { return from_blocks(ranks, microbatches, half_block); }
Schedule v_min(int ranks, int microbatches) { return from_blocks(ranks, microbatches, min_block); }

}  // namespace heddle::schedule
