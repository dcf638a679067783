#include "heddle/plan/rank_classes.hpp"

#include <algorithm>
#include <set>

namespace heddle::plan {
namespace {

using maps::Axis;

/// Adds where the blocks of a value become smaller along each axis. Axes that split one dim are nested, and
/// what an outer one leaves has two sizes.
void add_begins(const graph::Value& value, const graph::Extents& extents, const maps::Grid& grid,
                std::array<std::set<int>, maps::axis_count>& begins) {
  const Shape global = graph::resolve(value.shape, extents);
  for (int dim = 0; dim < global.rank(); ++dim) {
    std::set<std::int64_t> sizes = {global[dim]};
    for (const Axis axis : maps::all_axes) {
      if (value.layout[axis] != maps::split(dim)) continue;
      const int ranks = grid.extent(axis);
      std::set<std::int64_t> smaller;
      for (const std::int64_t size : sizes) {
        begins[static_cast<int>(axis)].insert(static_cast<int>(size % ranks));
        smaller.insert({size / ranks, (size + ranks - 1) / ranks});
      }
      sizes = smaller;
    }
  }
}

}  // namespace

RankClasses::RankClasses(const maps::Grid& grid, std::span<const graph::Graph* const> graphs,
                         const graph::Extents& extents)
    : grid_(grid), count_(1) {
  std::array<std::set<int>, maps::axis_count> begins;
  for (std::set<int>& of_axis : begins) of_axis.insert(0);
  for (int index = 0; index < grid.extent(Axis::pipeline); ++index)
    begins[static_cast<int>(Axis::pipeline)].insert(index);
  for (const graph::Graph* graph : graphs)
    for (const graph::Value& value : graph->values) add_begins(value, extents, grid, begins);
  for (std::size_t axis = 0; axis < begins.size(); ++axis) {
    begins_[axis].assign(begins[axis].begin(), begins[axis].end());
    count_ *= static_cast<int>(begins_[axis].size());
  }
}

int RankClasses::interval(Axis axis, int index) const {
  const auto& begins = begins_[static_cast<int>(axis)];
  return static_cast<int>(std::ranges::upper_bound(begins, index) - begins.begin()) - 1;
}

int RankClasses::class_of(Rank rank) const {
  const maps::Coordinates place = grid_.coordinates(rank);
  int index = 0;
  for (const Axis axis : maps::all_axes)
    index = index * static_cast<int>(begins_[static_cast<int>(axis)].size()) + interval(axis, place[axis]);
  return index;
}

Rank RankClasses::first_rank(int class_index) const {
  maps::Coordinates place;
  for (auto axis = maps::all_axes.rbegin(); axis != maps::all_axes.rend(); ++axis) {
    const auto& begins = begins_[static_cast<int>(*axis)];
    const int intervals = static_cast<int>(begins.size());
    place[*axis] = begins[static_cast<std::size_t>(class_index % intervals)];
    class_index /= intervals;
  }
  return grid_.rank(place);
}

}  // namespace heddle::plan
