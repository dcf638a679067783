#include "heddle/comm/apply.hpp"

#include "heddle/comm/collectives.hpp"
#include "map_route.hpp"

namespace heddle::comm {
namespace {

constexpr int first = 0;  // of a group

void copy(const Tensor& in, const Tensor& out, const lanes::Lane& lane) {
  HEDDLE_EXPECT(in.shape == out.shape && in.dtype == out.dtype);
  lane.copy(in, out);
}

}  // namespace

Request start(const maps::Map& map, const CartesianGrid& grid, const Tensor& in, const Tensor& out,
              const lanes::Lane& lane) {
  const Communicator& group = grid.group(map);
  switch (map.kind) {
    case maps::MapKind::identity:
    case maps::MapKind::broadcast: copy(in, out, lane); return {};
    case maps::MapKind::sum_to_first: copy(in, out, lane); return start_reduce(group, first, out, lane);
    case maps::MapKind::broadcast_from_first:
      copy(in, out, lane);
      return start_broadcast(group, first, out, lane);
    case maps::MapKind::sum_reduce:
    case maps::MapKind::all_sum_reduce: return start_all_reduce(group, Reduction::sum, in, out, lane);
    case maps::MapKind::log_sum_reduce: return start_all_reduce(group, Reduction::log_sum, in, out, lane);
    case maps::MapKind::all_gather:
    case maps::MapKind::gather:
    case maps::MapKind::reduce_scatter:
    case maps::MapKind::scatter:
    case maps::MapKind::all_to_all: break;
  }
  return route_of(group, map, in.shape, out.shape, out.dtype)->start(in, out, lane);
}

}  // namespace heddle::comm
