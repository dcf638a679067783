// What one rank holds of a tensor that is laid over the grid.
#pragma once

#include "heddle/maps/box.hpp"
#include "heddle/maps/grid.hpp"
#include "heddle/maps/layout.hpp"

namespace heddle::maps {

/// The box, in global coordinates, that `rank` holds of a tensor of shape `global`: all of it but for the
/// split dims. Where several axes split one dim, each splits the block that the axes before it (data,
/// pipeline, tensor, whatever their order in the grid) have left.
Box local_box(const Shape& global, const Layout& layout, const Grid& grid, int rank);
Shape local_shape(const Shape& global, const Layout& layout, const Grid& grid, int rank);

}  // namespace heddle::maps
