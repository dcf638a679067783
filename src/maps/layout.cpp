// Duals and names of layouts.
#include "heddle/maps/layout.hpp"

#include <fmt/format.h>

#include "heddle/base/error.hpp"

namespace heddle::maps {

Part dual(Part part) {
  HEDDLE_EXPECT(part.kind != Part::Kind::log_partial);
  if (part == copied) return partial;
  if (part == partial) return copied;
  return part;
}

std::string name(Part part) {
  constexpr std::string_view names[] = {"whole", "copied", "partial", "log_partial", "first"};
  if (part.kind == Part::Kind::split) return fmt::format("split({})", part.dim);
  return std::string(names[static_cast<int>(part.kind)]);
}

Layout input_layout() {
  Layout layout;
  for (Axis axis : all_axes)
    if (traits(axis).splits_rows) layout[axis] = split(0);
  return layout;
}

Layout dual(const Layout& layout) {
  Layout cotangent;
  for (Axis axis : all_axes) cotangent[axis] = dual(layout[axis]);
  return cotangent;
}

std::string name(const Layout& layout) {
  std::string text;
  for (Axis axis : all_axes)
    if (layout[axis] != whole)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name(axis), name(layout[axis]));
  return "[" + text + "]";
}

}  // namespace heddle::maps
