#include "message_needs.hpp"

#include <algorithm>
#include <iterator>

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
  const bool apart = device ? !(buffers.lies && in.dtype == out.dtype) : group.by != Carrying::host;
  const std::int64_t arriving = buffers.adds || apart ? buffers.arriving : 0;
  const bool rounded_sums = buffers.adds && out.dtype == DType::bf16;
  needs.land((device ? maps::behind(buffers.packed * size) : 0) + maps::behind(arriving * size) +
             (rounded_sums ? out.shape.count() * size_of(DType::f32) : 0));
  if (group.by != Carrying::staged) return;
  if (buffers.sends) needs.stage(in.bytes());
  needs.stage(arriving * size);
}

/// Rooms of one after the other: those of a size are shared.
Needs in_turns(const Needs& first, const Needs& then) {
  const auto both = [](std::vector<std::int64_t> some, std::vector<std::int64_t> others) {
    std::ranges::sort(some);
    std::ranges::sort(others);
    std::vector<std::int64_t> all;
    std::ranges::set_union(some, others, std::back_inserter(all));
    return all;
  };
  return {both(first.landing, then.landing), both(first.staged, then.staged),
          both(first.library, then.library)};
}

/// comm/sum_by_messages.cpp: numbers of type `sent` are scattered, then gathered.
void add_messages(Needs& needs, const Group& group, const Part& sums, DType sent) {
  const std::int64_t count = sums.shape.count(),
                     mine = maps::balanced_block(count, group.size, group.me).size();
  const maps::Map scatter{.kind = MapKind::reduce_scatter, .axes = group.axes, .dim = 0},
      gather{.kind = MapKind::gather, .axes = group.axes, .dim = 0};
  Needs first, then;
  add_route(first, scatter, group, {sent, {count}}, {sums.dtype, {mine}});
  add_route(then, gather, group, {sent, {mine}}, {sent, {count}});
  needs.add(in_turns(first, then));
  needs.land(count * size_of(sent));
}

bool is_sum(MapKind kind) { return kind == MapKind::sum_reduce || kind == MapKind::all_sum_reduce; }

bool is_rooted(MapKind kind) {
  return kind == MapKind::sum_to_first || kind == MapKind::broadcast_from_first;
}

/// What is no route, in one call of MPI: where that is handed a device's memory it takes messages alone, of which a sum is made.
void add_whole(Needs& needs, MapKind kind, const Group& group, const Part& in, const Part& out,
               bool in_place) {
  if (group.by == Carrying::aware && is_sum(kind)) return add_messages(needs, group, out, out.dtype);
  if (group.by == Carrying::device) return;
  if (group.size > 1) needs.library.push_back(out.bytes());
  if (group.by == Carrying::host) return;
  needs.stage(out.bytes());
  if (!in_place) needs.stage(in.bytes());
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
    add_whole(needs, map.kind, group, in, out, in_place);
  } else {
    const std::int64_t count = out.shape.count(), most = piece_bytes / size_of(out.dtype);
    for (const Part& piece :
         {Part{out.dtype, {std::min(most, count)}}, {out.dtype, {count > most ? count % most : 0}}})
      add_whole(needs, map.kind, group, piece, piece, is_rooted(map.kind) || in_place);
  }
  return needs;
}

Needs needs_of_sum(const Group& group, const Part& sums, DType sent) {
  Needs needs;
  if (sent == sums.dtype)
    add_whole(needs, MapKind::sum_reduce, group, sums, sums, /*in_place=*/true);
  else
    add_messages(needs, group, sums, sent);
  return needs;
}

}  // namespace heddle::plan
