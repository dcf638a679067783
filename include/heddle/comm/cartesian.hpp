// The grid of the run over real ranks: a communicator for every set of axes that a plan communicates over.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "heddle/comm/communicator.hpp"
#include "heddle/comm/point_to_point.hpp"
#include "heddle/comm/world.hpp"
#include "heddle/maps/grid.hpp"
#include "heddle/maps/map.hpp"

namespace heddle::comm {

class CartesianGrid {
 public:
  /// Collective over `ranks`, which must outlive it: all name the same sets, for each of which a communicator
  /// is made, in their order. Rank r of them sits at grid.coordinates(r). Throws Error(usage) if the grid
  /// does not have exactly as many ranks.
  CartesianGrid(const Communicator& ranks, const maps::Grid& grid, const std::set<maps::AxisSet>& sets);
  CartesianGrid(World& world, const maps::Grid& grid, const std::set<maps::AxisSet>& sets)
      : CartesianGrid(world.all(), grid, sets) {}

  const maps::Grid& shape() const { return grid_; }
  /// All of the grid.
  const Communicator& ranks() const { return ranks_; }
  /// This process's rank and place.
  int rank() const { return rank_; }
  maps::Coordinates coordinates() const { return grid_.coordinates(rank_); }
  /// The ranks that differ from this one only along `axes`, in the order of shape().group_of(axes, rank()).
  /// Contract: `axes` is one of the sets.
  const Communicator& along(maps::AxisSet axes) const {
    HEDDLE_EXPECT(along_.contains(axes));
    return along_.at(axes);
  }
  /// For maps among some indices of the axes. Collective over the grid: all ranks make the same groups in
  /// the same order.
  void make_group(maps::AxisSet axes, const std::vector<int>& among);
  /// Along `axes`, whose ranks they name. Collective over the grid: all ranks name the same. Without a device's message library
  /// nothing is done.
  void open_channels(maps::AxisSet axes, const std::set<Channel>& channels);
  /// Whether this rank's messages along `axes` that are on `lane` go by such channels.
  bool has_channels(maps::AxisSet axes, const lanes::Lane& lane) const;
  /// Along `axes`, or those `among` them of which this is one and a group has been made.
  const Communicator& group(maps::AxisSet axes, const std::vector<int>& among) const;
  /// The ranks that take part in a map with this one, which does.
  const Communicator& group(const maps::Map& map) const { return group(map.axes, map.among); }

 private:
  const Communicator& ranks_;
  maps::Grid grid_;
  int rank_;
  std::map<maps::AxisSet, Communicator> along_;
  std::map<std::pair<maps::AxisSet, std::vector<int>>, Communicator> groups_;
};

}  // namespace heddle::comm
