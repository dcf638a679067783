#include "map_route.hpp"

#include "communicator_handle.hpp"

namespace heddle::comm {

std::shared_ptr<Exchange::Route> route_of(const Communicator& group, const maps::Map& map, const Shape& in,
                                          const Shape& out, DType dtype) {
  const Shape global = maps::global_shape(map, in, out);
  std::array<std::int64_t, 5 + Shape::max_rank> key = {static_cast<int>(map.kind), map.dim, map.target_dim,
                                                       static_cast<int>(dtype), global.rank()};
  for (int dim = 0; dim < global.rank(); ++dim) key[5 + dim] = global[dim];
  auto& route = group.handle().routes[key];
  if (!route)
    route = std::make_shared<Exchange::Route>(group, maps::segments(map, global, group.size(), group.rank()),
                                              dtype);
  return route;
}

}  // namespace heddle::comm
