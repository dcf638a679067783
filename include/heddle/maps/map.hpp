// The table of linear maps that move data over an axis, and their adjoints.
//
//   map             from      -> to         adjoint         carried out (every rank of a whole tensor holds it)
//   identity        any       -> same       identity        nothing
//   broadcast       whole     -> copied     sum_reduce      nothing
//   sum_reduce      partial   -> whole      broadcast       all-reduce
//   all_sum_reduce  partial   -> copied     all_sum_reduce  all-reduce
//   all_gather      split(d)  -> copied     reduce_scatter  all-gather
//   reduce_scatter  partial   -> split(d)   all_gather      reduce-scatter
//   scatter         whole     -> split(d)   gather          slicing
//   gather          split(d)  -> whole      scatter         all-gather
//   all_to_all      split(d)  -> split(e)   all_to_all      all-to-all
//   sum_to_first    partial   -> first      broadcast_from_first   reduce to a root
//   broadcast_from_first  first -> copied   sum_to_first    broadcast from a root
//   shift           of one stage -> of the next, adjoint: the shift back; see schedule/
//   log_sum_reduce  log_partial -> whole    none            all-reduce with log(e^a + e^b); not linear, nothing is differentiated through it
//
// Halo exchange (maps/halo.hpp) and repartition (maps/repartition.hpp) carry more than an axis and a dim, so
// they have types of their own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "heddle/maps/layout.hpp"

namespace heddle::maps {

enum class MapKind : std::uint8_t {
  identity,
  broadcast,
  sum_reduce,
  all_sum_reduce,
  all_gather,
  reduce_scatter,
  scatter,
  gather,
  all_to_all,
  log_sum_reduce,
  sum_to_first,
  broadcast_from_first,
};
std::string_view name(MapKind kind);

/// One row of the table, applied over the ranks of `axes`.
struct Map {
  MapKind kind = MapKind::identity;
  AxisSet axes;
  int dim = -1;         ///< the split dim; of the source for all_to_all
  int target_dim = -1;  ///< the target's split dim, only for all_to_all
  /// Where only some ranks of the one axis take part: their indices along it, ascending. The others keep
  /// what they have.
  std::vector<int> among = {};

  friend bool operator==(const Map&, const Map&) = default;
};

/// "all_gather(tensor, dim 0)", "sum_reduce(pipeline 0, 3)".
std::string name(const Map& map);
Part source(const Map& map);
Part target(const Map& map);
/// The adjoint; throws Error for log_sum_reduce, which has none.
Map adjoint(const Map& map);
/// The map that leads from one layout along `axis` to another, or nothing if the table has none (whole
/// -> partial, say).
std::optional<Map> conversion(Part from, Part to, Axis axis);
/// True where ranks exchange bytes; broadcast, scatter and identity only reinterpret what a
/// rank already holds.
bool communicates(MapKind kind);

}  // namespace heddle::maps
