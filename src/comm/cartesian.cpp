#include "heddle/comm/cartesian.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "communicator_handle.hpp"
#include "heddle/comm/collectives.hpp"
#include "heddle/comm/subset.hpp"

namespace heddle::comm {

namespace {

/// 1 for the axes of the set, in the order of the grid.
std::array<int, maps::axis_count> kept(const maps::Grid& grid, maps::AxisSet axes) {
  std::array<int, maps::axis_count> flags{};
  for (int i = 0; i < maps::axis_count; ++i) flags[i] = axes.contains(grid.order()[i]);
  return flags;
}

}  // namespace

CartesianGrid::CartesianGrid(const Communicator& ranks, const maps::Grid& grid,
                             const std::set<maps::AxisSet>& sets)
    : ranks_(ranks), grid_(grid), rank_(ranks.rank()) {
  if (grid.size() != ranks.size())
    throw Error(ExitCode::usage,
                fmt::format("the grid {} needs {} ranks, but the run has {}", maps::name(grid), grid.size(),
                            ranks.size()),
                "grid.data * grid.pipeline * grid.tensor is the number of ranks",
                fmt::format("start it with -n {} or change [grid]", grid.size()));
  // MPI numbers the ranks of a Cartesian communicator row-major, as maps::Grid does.
  std::array<int, maps::axis_count> extents, periods{};
  for (int i = 0; i < maps::axis_count; ++i) extents[i] = grid.extent(grid.order()[i]);
  barrier(ranks, "set-up of the grid");
  Shared& shared = *ranks.handle().shared;
  shared.free_retired(ranks.handle().comm);
  MPI_Comm cartesian;
  check(MPI_Cart_create(ranks.handle().comm, maps::axis_count, extents.data(), periods.data(),
                        /*reorder=*/0, &cartesian),
        "MPI_Cart_create");
  for (const maps::AxisSet axes : sets) {
    MPI_Comm part;
    check(MPI_Cart_sub(cartesian, kept(grid, axes).data(), &part), "MPI_Cart_sub");
    along_.emplace(axes, Communicator(std::make_unique<Communicator::Handle>(part, shared)));
  }
  check(MPI_Comm_free(&cartesian), "MPI_Comm_free");
}

void CartesianGrid::make_group(maps::AxisSet axes, const std::vector<int>& among) {
  const bool member = std::ranges::count(among, grid_.index_in(axes, rank_)) > 0;
  groups_.emplace(std::pair(axes, among),
                  subset(along(axes), member ? Membership::member : Membership::outsider));
}

void CartesianGrid::open_channels(maps::AxisSet axes, const std::set<Channel>& channels) {
  Communicator::Handle& handle = along(axes).handle();
  if (handle.shared->device) handle.channels.open(*handle.shared->device, handle.comm, handle.rank, channels);
}

bool CartesianGrid::has_channels(maps::AxisSet axes, const lanes::Lane& lane) const {
  return along(axes).handle().channels.any(lane);
}

const Communicator& CartesianGrid::group(const maps::Map& map) const {
  return map.among.empty() ? along(map.axes) : groups_.at({map.axes, map.among});
}

}  // namespace heddle::comm
