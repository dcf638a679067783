// The local box of a layout.
#include "heddle/maps/local.hpp"

namespace heddle::maps {

Box local_box(const Shape& global, const Layout& layout, const Grid& grid, Rank rank) {
  Box box(global);
  const Coordinates place = grid.coordinates(rank);
  for (Axis axis : all_axes) {
    const Part part = layout[axis];
    if (part.kind != Part::Kind::split) continue;
    HEDDLE_EXPECT(part.dim >= 0 && part.dim < global.rank());
    Block& left = box[part.dim];
    const Block mine = balanced_block(left.size(), grid.extent(axis), place[axis]);
    left = {left.begin + mine.begin, left.begin + mine.end};
  }
  return box;
}

bool owns(const Layout& layout, const Grid& grid, Rank rank) {
  const Coordinates place = grid.coordinates(rank);
  for (Axis axis : all_axes)
    if (!traits(axis).cuts_stages && layout[axis] == whole && place[axis] != 0) return false;
  return true;
}

Shape local_shape(const Shape& global, const Layout& layout, const Grid& grid, Rank rank) {
  return local_box(global, layout, grid, rank).shape();
}

}  // namespace heddle::maps
