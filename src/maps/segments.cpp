#include "heddle/maps/segments.hpp"

#include <limits>

namespace heddle::maps {
namespace {

Box held(const Shape& global, Part part, int ranks, int rank) {
  Box box(global);
  if (part.kind == Part::Kind::split) box[part.dim] = balanced_block(global[part.dim], ranks, rank);
  return box;
}

}  // namespace

// `out` is whole but for the dim that it is split along.
Shape global_shape(const Map& map, const Shape& in, const Shape& out) {
  Shape shape = out;
  const Part to = target(map);
  if (to.kind == Part::Kind::split) shape[to.dim] = in[to.dim];
  return shape;
}

Segments segments(const Map& map, const Shape& global, int ranks, int me) {
  const Part from = source(map), to = target(map);
  Segments all{held(global, from, ranks, me), held(global, to, ranks, me), {}, {}};
  if (!communicates(map.kind)) {
    all.received.push_back({me, all.target});
    return all;
  }
  for (int rank = 0; rank < ranks; ++rank) {
    all.sent.push_back({rank, intersect(all.source, held(global, to, ranks, rank))});
    all.received.push_back({rank, intersect(held(global, from, ranks, rank), all.target)});
  }
  return all;
}

// Only the outermost dim in which the segment has more than one element may be a part of the holder's. A message's count is an
// int.
bool contiguous(const Box& holder, const Box& box) {
  bool partial_dim_seen = false;
  for (int dim = box.rank() - 1; dim >= 0; --dim) {
    if (partial_dim_seen && box[dim].size() > 1) return false;
    if (box[dim].size() != holder[dim].size()) partial_dim_seen = true;
  }
  return box.count() <= std::numeric_limits<int>::max();
}

Buffers buffers(const Segments& segments, int me) {
  Buffers all;
  for (const auto& [peer, box] : segments.sent) {
    if (peer == me || box.empty()) continue;
    all.sends = true;
    if (!contiguous(segments.source, box)) all.packed += box.count();
  }
  const auto& received = segments.received;
  for (std::size_t i = 0; i < received.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j)
      all.adds = all.adds || !intersect(received[i].box, received[j].box).empty();
    if (received[i].peer == me) continue;
    all.arriving += received[i].box.count();
    all.lies = all.lies && (received[i].box.empty() || contiguous(segments.target, received[i].box));
  }
  return all;
}

}  // namespace heddle::maps
