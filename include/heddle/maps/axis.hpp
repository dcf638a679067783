// The axes of the grid, which maps move data over.
#pragma once

#include "heddle/base/axis.hpp"

namespace heddle::maps {

using heddle::all_axes;
using heddle::Axis;
using heddle::axis_count;
using heddle::AxisExtents;
using heddle::AxisSet;
using heddle::AxisTraits;
using heddle::name;
using heddle::traits;
using heddle::within_stage;

}  // namespace heddle::maps
