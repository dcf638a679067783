// One value for each action that a schedule may have, in a dense table: what loops over a million actions look up.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// How many stages, microbatches and slices there are.
struct Extents {
  int stages = 0;
  int microbatches = 0;
  int slices = 1;

  bool contain(const Action& action) const {
    return action.stage >= 0 && action.stage < stages && action.microbatch >= -1 &&
           action.microbatch < microbatches && action.slice >= 0 && action.slice < slices;
  }
  void include(const Action& action) {
    stages = std::max(stages, action.stage + 1);
    microbatches = std::max(microbatches, action.microbatch + 1);
    slices = std::max(slices, action.slice + 1);
  }
};

/// Of the actions of all rows, and of the stages and microbatches that have none.
Extents extents_of(const Schedule& schedule);

/// Ten kinds times stages, microbatches (and the place of what is done once a stage) and slices. Throws Error (usage) for
/// extents that only a slip of the pen can give: more than 2^28 places.
std::size_t places(const Extents& extents);

/// A value for every action within the extents, also for those that no row has.
template <class T>
class ActionTable {
 public:
  /// Throws as `places` does.
  explicit ActionTable(const Extents& extents) : extents_(extents), values_(places(extents)) {}

  /// The action lies within the extents.
  T& operator[](const Action& action) { return values_[place(action)]; }
  const T& operator[](const Action& action) const { return values_[place(action)]; }
  const Extents& extents() const { return extents_; }

 private:
  std::size_t place(const Action& action) const {
    const std::size_t column =
        static_cast<std::size_t>(action.stage) * (extents_.microbatches + 1) + (action.microbatch + 1);
    return (column * extents_.slices + action.slice) * action_kind_count +
           static_cast<std::size_t>(action.kind);
  }

  Extents extents_;
  std::vector<T> values_;
};

}  // namespace heddle::schedule
