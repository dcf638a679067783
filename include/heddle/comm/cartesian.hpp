// The grid of the run over real ranks: a Cartesian communicator and one communicator for every set of axes.
#pragma once

#include <map>

#include "heddle/comm/communicator.hpp"
#include "heddle/comm/world.hpp"
#include "heddle/maps/grid.hpp"

namespace heddle::comm {

class CartesianGrid {
 public:
  /// Collective over the world. Rank r of the world sits at grid.coordinates(r). Throws Error(usage) if the
  /// grid does not have exactly as many ranks as the world.
  CartesianGrid(World& world, const maps::Grid& grid);

  const maps::Grid& shape() const { return grid_; }
  /// This process's rank and place.
  int rank() const { return rank_; }
  maps::Coordinates coordinates() const { return grid_.coordinates(rank_); }
  /// The ranks that differ from this one only along `axes`, in the order of shape().group_of(axes, rank()).
  const Communicator& along(maps::AxisSet axes) const { return along_.at(axes); }

 private:
  maps::Grid grid_;
  int rank_;
  std::map<maps::AxisSet, Communicator> along_;  // all of them, so that no later call is collective
};

}  // namespace heddle::comm
