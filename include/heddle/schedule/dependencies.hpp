// Which actions must be finished before an action can start: written once, for lowering, dry
// runs and simulation.
#pragma once

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// Met when one of two actions is done; they are equal where only one will do (a backward is B or I).
struct Need {
  Action either;
  Action other;
};

/// At most three needs; all must be met.
class Needs {
 public:
  void add(const Action& action) { add(action, action); }
  void add(const Action& either, const Action& other) { needs_[count_++] = {either, other}; }
  const Need* begin() const { return needs_.data(); }
  const Need* end() const { return needs_.data() + count_; }

  /// The first need that `done(action)` does not meet, nullptr when all are met.
  template <class Done>
  const Need* first_unmet(const Done& done) const {
    for (const Need& need : *this)
      if (!done(need.either) && !done(need.other)) return &need;
    return nullptr;
  }

 private:
  std::array<Need, 3> needs_;
  int count_ = 0;
};

/// What the actions of one schedule need of each other.
///  - A value that comes from a stage on the same rank needs that stage's computation, one from another rank
///    its receive; a receive needs its send.
///  - Slices: forward needs the slice before, whose keys and values it reads, and backward the slice after,
///    which adds to their gradients (Li et al., arXiv 2102.07988).
///  - That REDUCE_GRAD needs every B and W of its stage is not said here: it is no fixed number of actions
///    (null_machine.hpp counts them).
class Dependencies {
 public:
  explicit Dependencies(const Schedule& schedule)
      : rank_of_stage_(schedule.rank_of_stage), slices_(schedule.slices) {}
  /// Of rows that have no communication yet: as if one rank held all stages.
  static Dependencies without_messages(int stages, int slices) {
    return {ById<Stage, PipelineRank>(stages), slices};
  }

  Needs of(const Action& action) const;

 private:
  Dependencies(ById<Stage, PipelineRank> rank_of_stage, int slices)
      : rank_of_stage_(std::move(rank_of_stage)), slices_(slices) {}
  bool same_rank(Stage stage, Stage other) const { return rank_of_stage_[stage] == rank_of_stage_[other]; }

  ById<Stage, PipelineRank> rank_of_stage_;
  int slices_;
};

}  // namespace heddle::schedule
