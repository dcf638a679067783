#include "map_route.hpp"

#include <utility>

#include "communicator_handle.hpp"

namespace heddle::comm {
namespace {

maps::Box held(const Shape& global, maps::Part part, int ranks, int rank) {
  maps::Box box(global);
  if (part.kind == maps::Part::Kind::split)
    box[part.dim] = maps::balanced_block(global[part.dim], ranks, rank);
  return box;
}

// The shape of the logical tensor: `out` is whole but for the dim that it is split along.
Shape global_shape(const maps::Map& map, const Shape& in, const Shape& out) {
  Shape shape = out;
  const maps::Part target = maps::target(map);
  if (target.kind == maps::Part::Kind::split) shape[target.dim] = in[target.dim];
  return shape;
}

LocalPlan plan_of(const maps::Map& map, const Shape& global, int ranks, int me) {
  const maps::Part from = maps::source(map), to = maps::target(map);
  LocalPlan plan{held(global, from, ranks, me), held(global, to, ranks, me), {}, {}};
  if (!maps::communicates(map.kind)) {
    plan.received.push_back({me, plan.target});
    return plan;
  }
  for (int rank = 0; rank < ranks; ++rank) {
    plan.sent.push_back({rank, maps::intersect(plan.source, held(global, to, ranks, rank))});
    plan.received.push_back({rank, maps::intersect(held(global, from, ranks, rank), plan.target)});
  }
  return plan;
}

}  // namespace

std::shared_ptr<Exchange::Route> route_of(const Communicator& group, const maps::Map& map, const Shape& in,
                                          const Shape& out, DType dtype) {
  const Shape global = global_shape(map, in, out);
  std::array<std::int64_t, 5 + Shape::max_rank> key = {static_cast<int>(map.kind), map.dim, map.target_dim,
                                                       static_cast<int>(dtype), global.rank()};
  for (int dim = 0; dim < global.rank(); ++dim) key[5 + dim] = global[dim];
  auto& route = group.handle().routes[key];
  if (!route)
    route = std::make_shared<Exchange::Route>(group, plan_of(map, global, group.size(), group.rank()), dtype);
  return route;
}

}  // namespace heddle::comm
