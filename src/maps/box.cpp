// Arithmetic of boxes.
#include "heddle/maps/box.hpp"

#include <algorithm>

namespace heddle::maps {

Shape Box::shape() const {
  Shape shape;
  for (const Block& block : *this) shape.push_back(std::max<std::int64_t>(block.size(), 0));
  return shape;
}

Shape Box::origin() const {
  Shape first;
  for (const Block& block : *this) first.push_back(block.begin);
  return first;
}

Box intersect(const Box& a, const Box& b) {
  HEDDLE_EXPECT(a.rank() == b.rank());
  Box both;
  for (int dim = 0; dim < a.rank(); ++dim) {
    const std::int64_t begin = std::max(a[dim].begin, b[dim].begin);
    both.push_back({begin, std::max(begin, std::min(a[dim].end, b[dim].end))});
  }
  return both;
}

Box shift(const Box& box, const Shape& offset) {
  HEDDLE_EXPECT(box.rank() == offset.rank());
  Box moved;
  for (int dim = 0; dim < box.rank(); ++dim)
    moved.push_back({box[dim].begin + offset[dim], box[dim].end + offset[dim]});
  return moved;
}

bool contains(const Box& outer, const Box& inner) {
  return inner.empty() || intersect(outer, inner) == inner;
}

}  // namespace heddle::maps
