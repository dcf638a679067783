// What one rank holds of a tensor that is laid over the grid.
#pragma once

#include "heddle/maps/box.hpp"
#include "heddle/maps/grid.hpp"
#include "heddle/maps/layout.hpp"

namespace heddle::maps {

/// The box, in global coordinates, that `rank` holds of a tensor of shape `global`: all of it but for the
/// split dims. Where several axes split one dim, each splits the block that the axes before it in the
/// table of axes (whatever their order in the grid) have left.
Box local_box(const Shape& global, const Layout& layout, const Grid& grid, Rank rank);
/// Of the ranks with this pipeline rank that hold the same part as `rank`, is it the first? A part of a whole
/// tensor belongs to the first of them, one of a split tensor to each its own.
bool owns(const Layout& layout, const Grid& grid, Rank rank);
Shape local_shape(const Shape& global, const Layout& layout, const Grid& grid, Rank rank);

}  // namespace heddle::maps
