// Which actions must be finished before an action can start: written once, for lowering, dry runs and
// simulation.
#pragma once

#include <array>
#include <cstddef>

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// Met when one of two actions is done; they are equal where only one will do (a backward is B or I).
struct Need {
  Action either;
  Action other;
};

/// At most two needs; all must be met.
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
  std::array<Need, 2> needs_;
  int count_ = 0;
};

/// A value that comes from a stage on the same rank needs that stage's computation, one from another rank its
/// receive; a receive needs its send. That reduce_gradients needs every B and W of its stage is not said
/// here: it is no fixed number of actions (null_machine.hpp counts them). `rank_of_stage` all equal gives the
/// needs of a schedule without communication.
Needs needs(const Action& action, const std::vector<int>& rank_of_stage);

/// "rank 1, action 7 1F3 can never start"; actions of a row count from 0.
std::string never_starts(int rank, std::size_t index, const Action& action);

/// How to mend rows that cannot run.
inline constexpr const char* rows_that_run =
    "compare them with rows that run, which `heddle schedule DECK --format csv` writes";

}  // namespace heddle::schedule
