// The map table: types, adjoints and conversions.
#include "heddle/maps/map.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "heddle/base/error.hpp"

namespace heddle::maps {

std::string_view name(MapKind kind) {
  constexpr std::string_view names[] = {
      "identity", "broadcast", "sum_reduce", "all_sum_reduce", "all_gather",   "reduce_scatter",
      "scatter",  "gather",    "all_to_all", "log_sum_reduce", "sum_to_first", "broadcast_from_first"};
  return names[static_cast<int>(kind)];
}

std::string name(const Map& map) {
  std::string text = fmt::format("{}({}", name(map.kind), name(map.axes));
  if (!map.among.empty()) text += fmt::format(" {}", fmt::join(map.among, ", "));
  if (map.dim >= 0) text += fmt::format(", dim {}", map.dim);
  if (map.target_dim >= 0) text += fmt::format(" to {}", map.target_dim);
  return text + ")";
}

Part source(const Map& map) {
  switch (map.kind) {
    case MapKind::sum_reduce:
    case MapKind::all_sum_reduce:
    case MapKind::sum_to_first:
    case MapKind::reduce_scatter: return partial;
    case MapKind::broadcast_from_first: return first;
    case MapKind::all_gather:
    case MapKind::gather:
    case MapKind::all_to_all: return split(map.dim);
    case MapKind::log_sum_reduce: return log_partial;
    default: return whole;
  }
}

Part target(const Map& map) {
  switch (map.kind) {
    case MapKind::broadcast:
    case MapKind::broadcast_from_first:
    case MapKind::all_sum_reduce:
    case MapKind::all_gather: return copied;
    case MapKind::sum_to_first: return first;
    case MapKind::reduce_scatter:
    case MapKind::scatter: return split(map.dim);
    case MapKind::all_to_all: return split(map.target_dim);
    default: return whole;
  }
}

Map adjoint(const Map& map) {
  Map result = map;
  switch (map.kind) {
    case MapKind::identity:
    case MapKind::all_sum_reduce: break;
    case MapKind::broadcast: result.kind = MapKind::sum_reduce; break;
    case MapKind::sum_reduce: result.kind = MapKind::broadcast; break;
    case MapKind::all_gather: result.kind = MapKind::reduce_scatter; break;
    case MapKind::reduce_scatter: result.kind = MapKind::all_gather; break;
    case MapKind::scatter: result.kind = MapKind::gather; break;
    case MapKind::gather: result.kind = MapKind::scatter; break;
    case MapKind::sum_to_first: result.kind = MapKind::broadcast_from_first; break;
    case MapKind::broadcast_from_first: result.kind = MapKind::sum_to_first; break;
    case MapKind::all_to_all: std::swap(result.dim, result.target_dim); break;
    case MapKind::log_sum_reduce:
      throw Error(ExitCode::failure, "log_sum_reduce has no adjoint", "a log-sum-exp is not linear",
                  "let no gradient flow through it");
  }
  return result;
}

std::optional<Map> conversion(Part from, Part to, Axis axis) {
  using Kind = Part::Kind;
  if (from == to) return Map{MapKind::identity, axis};
  const bool to_split = to.kind == Kind::split;
  switch (from.kind) {
    case Kind::whole:
      if (to == copied) return Map{MapKind::broadcast, axis};
      if (to_split) return Map{MapKind::scatter, axis, to.dim};
      break;
    case Kind::partial:
      if (to == whole) return Map{MapKind::sum_reduce, axis};
      if (to == copied) return Map{MapKind::all_sum_reduce, axis};
      if (to == first) return Map{MapKind::sum_to_first, axis};
      if (to_split) return Map{MapKind::reduce_scatter, axis, to.dim};
      break;
    case Kind::split:
      if (to == whole) return Map{MapKind::gather, axis, from.dim};
      if (to == copied) return Map{MapKind::all_gather, axis, from.dim};
      if (to_split) return Map{MapKind::all_to_all, axis, from.dim, to.dim};
      break;
    case Kind::log_partial:
      if (to == whole) return Map{MapKind::log_sum_reduce, axis};
      break;
    case Kind::first:
      if (to == copied) return Map{MapKind::broadcast_from_first, axis};
      break;
    case Kind::copied: break;
  }
  return std::nullopt;
}

bool communicates(MapKind kind) {
  return kind != MapKind::identity && kind != MapKind::broadcast && kind != MapKind::scatter;
}

}  // namespace heddle::maps
