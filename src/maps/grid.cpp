// Rank arithmetic of the grid.
#include "heddle/maps/grid.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

#include "heddle/base/error.hpp"

namespace heddle::maps {

namespace {

/// The order that is given, and behind it the axes that it leaves out.
AxisOrder whole_order(const std::vector<Axis>& given, const AxisExtents& extents) {
  AxisOrder order{};
  AxisSet named;
  std::size_t place = 0;
  const auto refuse = [] {
    throw Error(ExitCode::usage, "the order of the grid's axes does not name each axis once",
                "ranks are numbered over all of them", "name each of them once, the slowest first");
  };
  for (Axis axis : given) {
    if (named.contains(axis)) refuse();
    named = named | axis;
    order[place++] = axis;
  }
  for (Axis axis : all_axes) {
    if (named.contains(axis)) continue;
    if (extents[axis] != 1) refuse();
    order[place++] = axis;
  }
  return order;
}

}  // namespace

Grid::Grid(const AxisExtents& extents, const std::vector<Axis>& order)
    : extents_(extents), order_(whole_order(order, extents)) {
  std::int64_t size = 1;
  for (int place = axis_count - 1; place >= 0; --place) {
    const Axis axis = order_[place];
    if (extent(axis) < 1)
      throw Error(ExitCode::usage, fmt::format("the grid's {} axis has {} ranks", name(axis), extent(axis)),
                  "every axis has at least one", "");
    strides_[axis] = static_cast<int>(size);
    size *= extent(axis);
    if (size > std::numeric_limits<int>::max())
      throw Error(ExitCode::usage, "the grid has more ranks than MPI can number", "a rank is an int", "");
  }
  size_ = static_cast<int>(size);
}

Coordinates Grid::coordinates(Rank rank) const {
  HEDDLE_EXPECT(rank >= 0 && rank < size_);
  Coordinates place;
  for (Axis axis : all_axes) place[axis] = rank / strides_[axis] % extent(axis);
  return place;
}

Rank Grid::rank(const Coordinates& place) const {
  int rank = 0;
  for (Axis axis : all_axes) {
    HEDDLE_EXPECT(place[axis] >= 0 && place[axis] < extent(axis));
    rank += place[axis] * strides_[axis];
  }
  return rank;
}

int Grid::extent(AxisSet axes) const {
  int product = 1;
  for (Axis axis : all_axes)
    if (axes.contains(axis)) product *= extent(axis);
  return product;
}

int Grid::index_in(AxisSet axes, Rank rank) const {
  const Coordinates place = coordinates(rank);
  int index = 0;
  for (Axis axis : all_axes)
    if (axes.contains(axis)) index = index * extent(axis) + place[axis];
  return index;
}

std::vector<int> Grid::group_of(AxisSet axes, Rank rank) const {
  Coordinates first = coordinates(rank);
  for (Axis axis : all_axes)
    if (axes.contains(axis)) first[axis] = 0;
  std::vector<int> group{this->rank(first)};
  for (Axis axis : all_axes) {
    if (!axes.contains(axis)) continue;
    std::vector<int> wider;
    for (int member : group)
      for (int index = 0; index < extent(axis); ++index) wider.push_back(member + index * strides_[axis]);
    group = std::move(wider);
  }
  return group;
}

std::vector<std::vector<int>> Grid::groups(AxisSet axes) const {
  std::vector<std::vector<int>> result;
  for (int rank = 0; rank < size_; ++rank)
    if (index_in(axes, rank) == 0) result.push_back(group_of(axes, rank));
  return result;
}

std::string name(const Grid& grid) {
  std::string text;
  for (Axis axis : grid.order())
    text += fmt::format("{}{} {}", text.empty() ? "" : " x ", name(axis), grid.extent(axis));
  return text;
}

}  // namespace heddle::maps
