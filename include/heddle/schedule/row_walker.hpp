// Goes through the rows of all ranks, each action when what it needs is done: what lock step, lowering
// and verification share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "heddle/schedule/action_table.hpp"
#include "heddle/schedule/dependencies.hpp"
#include "heddle/schedule/problem.hpp"

namespace heddle::schedule {

/// A rank that must wait is not asked again before what it waits for is done, so a walk takes a time
/// proportional to the number of actions, however many ranks there are.
class RowWalker {
 public:
  /// The schedule must outlive it.
  RowWalker(const Schedule& schedule, Dependencies dependencies);

  int ranks() const { return schedule_->ranks(); }
  bool at_end(PipelineRank rank) const { return position_[rank] == schedule_->rows[rank].size(); }
  /// The first action of the row that is not done; there is one.
  const Action& next(PipelineRank rank) const { return schedule_->rows[rank][position_[rank]]; }

  /// Is what `next` needs done? If not, the rank waits until `woken` names it.
  bool ready(PipelineRank rank);
  /// Does `next`, which is ready.
  const Action& take(PipelineRank rank);
  /// The ranks that waited for what was done since the last call. They may have to wait for
  /// something else too.
  std::vector<PipelineRank> woken() { return std::exchange(woken_, {}); }

  /// From clock to clock: every rank whose next action needs only what earlier clocks did does it. Calls
  /// `visit(clock, rank, action)`, in a clock rank after rank, and returns where no rank can go on.
  template <class F>
  void by_clocks(F&& visit) {
    std::vector<PipelineRank> turn = unfinished();
    for (std::size_t clock = 0; !turn.empty(); ++clock) {
      std::erase_if(turn, [&](PipelineRank rank) { return at_end(rank) || !ready(rank); });
      for (const PipelineRank rank : turn) visit(clock, rank, take(rank));
      const std::vector<PipelineRank> also = woken();
      turn.insert(turn.end(), also.begin(), also.end());
      std::ranges::sort(turn);
    }
  }

  /// The ranks that are not at their end.
  std::vector<PipelineRank> unfinished() const;
  /// Once no rank can go on: the first rank's action that waits for ever.
  std::optional<Problem> first_blocked() const;

 private:
  std::optional<Need> unmet(const Action& action) const;
  void wake(const Action& done);

  const Schedule* schedule_;
  Dependencies dependencies_;
  ActionTable<std::uint8_t> done_;
  ById<PipelineRank, std::size_t> position_;                ///< of each rank in its row
  std::vector<bool> waits_;                                 ///< of each rank
  std::unordered_multimap<Action, PipelineRank> awaiting_;  ///< the ranks that wait, by Need::either
  std::vector<PipelineRank> woken_;
};

}  // namespace heddle::schedule
