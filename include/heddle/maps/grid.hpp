// The Cartesian grid of ranks: how a rank's number and its place along each axis belong together.
#pragma once

#include <array>
#include <vector>

#include "heddle/base/ids.hpp"
#include "heddle/maps/axis.hpp"

namespace heddle::maps {

/// A place in the grid: one index for each axis.
class Coordinates {
 public:
  constexpr int& operator[](Axis axis) { return index_[static_cast<int>(axis)]; }
  constexpr int operator[](Axis axis) const { return index_[static_cast<int>(axis)]; }
  friend constexpr bool operator==(const Coordinates&, const Coordinates&) = default;

 private:
  std::array<int, axis_count> index_{};
};

/// All axes from the slowest, whose neighbours are farthest apart in rank, to the fastest.
using AxisOrder = std::array<Axis, axis_count>;

/// Ranks are numbered row-major over the axes in their order.
class Grid {
 public:
  /// `extents` are in the order of the table of axes, whatever the order of the ranks. Axes of one rank need
  /// not be named in `order`. Throws Error(usage) for an extent below 1, for more ranks than an int holds,
  /// and for an order that names an axis twice or misses one.
  explicit Grid(const AxisExtents& extents = {},
                const std::vector<Axis>& order = {all_axes.begin(), all_axes.end()});

  int size() const { return size_; }
  int extent(Axis axis) const { return extents_[axis]; }
  const AxisOrder& order() const { return order_; }

  Coordinates coordinates(Rank rank) const;
  Rank rank(const Coordinates& place) const;

  /// The number of ranks in one communicator along `axes`.
  int extent(AxisSet axes) const;
  /// The place of `rank` in its communicator along `axes`; 0 for no axes. Places follow the table of axes, whatever the order of the
  /// ranks, so that a sum in the order of the places has the same bits on every order.
  int index_in(AxisSet axes, Rank rank) const;
  /// The ranks that differ from `rank` only along `axes`, each at its index_in(axes, rank).
  std::vector<int> group_of(AxisSet axes, Rank rank) const;
  /// Every group along `axes`, by its first rank.
  std::vector<std::vector<int>> groups(AxisSet axes) const;

  friend bool operator==(const Grid&, const Grid&) = default;

 private:
  AxisExtents extents_, strides_;
  AxisOrder order_ = {};
  int size_ = 1;
};

/// "data 2 x pipeline 2 x tensor 4", slowest axis first.
std::string name(const Grid& grid);

}  // namespace heddle::maps
