#include "message_needs.hpp"

#include <algorithm>

#include "heddle/maps/segments.hpp"

namespace heddle::plan {
namespace {

using maps::MapKind;

/// Pieces of a map among some ranks of an axis, which exec carries out one after the other.
constexpr std::int64_t piece_bytes = std::int64_t{16} << 20;

/// A map that exchanges blocks, or a sum that is carried out as one: comm's Exchange::Route. Values of type `in.dtype` travel.
void add_route(Needs& needs, const maps::Map& map, const Group& group, const Part& in, const Part& out) {
  const maps::Buffers buffers = maps::buffers(
      maps::segments(map, maps::global_shape(map, in.shape, out.shape), group.size, group.me), group.me);
  const std::int64_t size = size_of(in.dtype);
  const bool device = group.by == Carrying::device;
  const bool apart = device ? !(buffers.lies && in.dtype == out.dtype) : group.by == Carrying::staged;
  const std::int64_t arriving = buffers.adds || apart ? buffers.arriving : 0;
  const bool rounded_sums = buffers.adds && out.dtype == DType::bf16;
  needs.land((device ? maps::behind(buffers.packed * size) : 0) + maps::behind(arriving * size) +
             (rounded_sums ? out.shape.count() * size_of(DType::f32) : 0));
  if (group.by != Carrying::staged) return;
  if (buffers.sends) needs.stage(in.bytes());
  needs.stage(arriving * size);
}

/// A sum, or a value of one rank for others, in place or not.
void add_whole(Needs& needs, const Group& group, std::int64_t in, std::int64_t out, bool in_place) {
  if (group.by != Carrying::staged) return;
  needs.stage(out);
  if (!in_place) needs.stage(in);
}

bool is_route(MapKind kind) {
  switch (kind) {
    case MapKind::all_gather:
    case MapKind::gather:
    case MapKind::reduce_scatter:
    case MapKind::scatter:
    case MapKind::all_to_all: return true;
    default: return false;
  }
}

}  // namespace

Needs needs_of(const maps::Map& map, const Group& group, const Part& in, const Part& out, bool in_place) {
  Needs needs;
  if (map.kind == MapKind::identity || map.kind == MapKind::broadcast) return needs;
  if (is_route(map.kind)) {
    add_route(needs, map, group, in, out);
  } else if (map.kind == MapKind::log_sum_reduce && group.by == Carrying::device) {
    needs.land(in.bytes());
    add_route(needs, map, group, in, out);
  } else if (map.among.empty()) {
    add_whole(needs, group, in.bytes(), out.bytes(), in_place);
  } else {
    const bool rooted = map.kind == MapKind::sum_to_first || map.kind == MapKind::broadcast_from_first;
    for (const std::int64_t bytes :
         {std::min(piece_bytes, out.bytes()), out.bytes() > piece_bytes ? out.bytes() % piece_bytes : 0})
      add_whole(needs, group, bytes, bytes, rooted || in_place);
  }
  return needs;
}

Needs needs_of_sum(const Group& group, std::int64_t bytes) {
  Needs needs;
  add_whole(needs, group, bytes, bytes, /*in_place=*/true);
  return needs;
}

// comm/sum_by_messages.cpp.
Needs needs_of_narrow_sum(const Group& group, std::int64_t count) {
  Needs needs;
  const std::int64_t mine = maps::balanced_block(count, group.size, group.me).size();
  const maps::Map scatter{.kind = MapKind::reduce_scatter, .axes = group.axes, .dim = 0},
      gather{.kind = MapKind::gather, .axes = group.axes, .dim = 0};
  needs.land(count * size_of(DType::bf16));
  add_route(needs, scatter, group, {DType::bf16, {count}}, {DType::f32, {mine}});
  add_route(needs, gather, group, {DType::bf16, {mine}}, {DType::bf16, {count}});
  return needs;
}

}  // namespace heddle::plan
