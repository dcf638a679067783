// Names of sets of axes.
#include "heddle/base/axis.hpp"

namespace heddle {

std::string name(AxisSet set) {
  std::string text;
  for (Axis axis : all_axes)
    if (set.contains(axis)) text.append(text.empty() ? "" : "*").append(name(axis));
  return text;
}

}  // namespace heddle
