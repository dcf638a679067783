// All sets of axes, for grids of tests that communicate over any.
#pragma once

#include <set>

#include "heddle/maps/axis.hpp"

namespace heddle::tests {

/// The empty one included.
inline std::set<maps::AxisSet> axis_sets() {
  std::set<maps::AxisSet> sets = {{}};
  for (maps::Axis axis : maps::all_axes)
    for (maps::AxisSet smaller : std::set(sets)) sets.insert(smaller | axis);
  return sets;
}

}  // namespace heddle::tests
