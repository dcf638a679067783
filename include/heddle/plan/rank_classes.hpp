// Which ranks of a grid hold equally large parts of everything, so that one of them stands for all.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "heddle/graph/graph.hpp"
#include "heddle/maps/grid.hpp"

namespace heddle::plan {

/// Balanced blocks of one dim come in two sizes, so along each axis the indices fall into a few intervals
/// within which no value changes its size; a class is a product of intervals. Ranks of different pipeline
/// ranks are never of one class.
class RankClasses {
 public:
  RankClasses() = default;
  /// The cost does not grow with the ranks.
  RankClasses(const maps::Grid& grid, std::span<const graph::Graph* const> graphs,
              const graph::Extents& extents);

  int count() const { return count_; }
  int class_of(Rank rank) const;
  /// The first rank of a class.
  Rank first_rank(int class_index) const;

 private:
  int interval(maps::Axis axis, int index) const;

  maps::Grid grid_;
  std::array<std::vector<int>, maps::axis_count> begins_ = {};  ///< of the intervals of each axis
  int count_ = 0;
};

}  // namespace heddle::plan
