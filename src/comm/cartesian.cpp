#include "heddle/comm/cartesian.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "communicator_handle.hpp"
#include "heddle/comm/collectives.hpp"
#include "heddle/comm/subset.hpp"

namespace heddle::comm {

namespace {

constexpr maps::AxisSet every_axis() {
  maps::AxisSet axes;
  for (maps::Axis axis : maps::all_axes) axes = axes | axis;
  return axes;
}

/// 1 for the axes of the set, in the order of their table.
std::array<int, maps::axis_count> kept(maps::AxisSet axes) {
  std::array<int, maps::axis_count> flags{};
  std::ranges::transform(maps::all_axes, flags.begin(), [&](maps::Axis axis) { return axes.contains(axis); });
  return flags;
}

/// All ranks, each at its place in the table's order of axes, which MPI numbers row-major as maps::Grid does.
MPI_Comm cartesian_of(const Communicator& ranks, const maps::Grid& grid) {
  MPI_Comm sorted, cartesian;
  check(MPI_Comm_split(ranks.handle().comm, 0, grid.index_in(every_axis(), ranks.rank()), &sorted),
        "MPI_Comm_split");
  std::array<int, maps::axis_count> extents, periods{};
  std::ranges::transform(maps::all_axes, extents.begin(), [&](maps::Axis axis) { return grid.extent(axis); });
  check(MPI_Cart_create(sorted, maps::axis_count, extents.data(), periods.data(), /*reorder=*/0, &cartesian),
        "MPI_Cart_create");
  check(MPI_Comm_free(&sorted), "MPI_Comm_free");
  return cartesian;
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
  barrier(ranks, "set-up of the grid");
  Shared& shared = *ranks.handle().shared;
  shared.free_retired(ranks.handle().comm);
  MPI_Comm cartesian = cartesian_of(ranks, grid);
  for (const maps::AxisSet axes : sets) {
    MPI_Comm part;
    check(MPI_Cart_sub(cartesian, kept(axes).data(), &part), "MPI_Cart_sub");
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

const Communicator& CartesianGrid::group(maps::AxisSet axes, const std::vector<int>& among) const {
  return among.empty() ? along(axes) : groups_.at({axes, among});
}

}  // namespace heddle::comm
