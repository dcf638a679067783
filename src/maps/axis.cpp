// Names of sets of axes.
#include "heddle/maps/axis.hpp"

namespace heddle::maps {

std::string name(AxisSet axes) {
  std::string text;
  for (Axis axis : all_axes)
    if (axes.contains(axis)) text.append(text.empty() ? "" : "*").append(name(axis));
  return text;
}

}  // namespace heddle::maps
