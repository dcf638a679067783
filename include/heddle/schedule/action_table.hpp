// One value for each action that a schedule may have, in a dense table: what loops over a million
// actions look up.
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

  void include(const Action& action) {
    stages = std::max<int>(stages, action.stage + 1);
    microbatches = std::max(microbatches, action.microbatch + 1);
    slices = std::max(slices, action.slice + 1);
  }
};

/// Of the schedule and of the actions of its rows, should they go beyond it.
Extents extents_of(const Schedule& schedule);

/// Ten kinds times stages, microbatches (one more, for what is done once a stage) and slices. Throws Error
/// (usage) for extents that only a slip of the pen can give: more than 2^28.
std::size_t table_size(const Extents& extents);

/// A value for every action within the extents, also for those that no row has.
template <class T>
class ActionTable {
 public:
  /// Throws as `table_size` does.
  explicit ActionTable(const Extents& extents) : extents_(extents), values_(table_size(extents)) {}

  /// The action lies within the extents.
  T& operator[](const Action& action) { return values_[index_of(action)]; }
  const T& operator[](const Action& action) const { return values_[index_of(action)]; }

 private:
  std::size_t index_of(const Action& action) const {
    const std::size_t column =
        static_cast<std::size_t>(action.stage) * (extents_.microbatches + 1) + (action.microbatch + 1);
    return (column * extents_.slices + action.slice) * action_kind_count +
           static_cast<std::size_t>(action.kind);
  }

  Extents extents_;
  std::vector<T> values_;
};

}  // namespace heddle::schedule
