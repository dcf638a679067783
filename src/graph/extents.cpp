#include "heddle/graph/extents.hpp"

#include <algorithm>

namespace heddle::graph {

std::string extent_text(std::int64_t extent) {
  if (extent >= 0) return std::to_string(extent);
  std::string name;
  for (std::int64_t code = -extent; code > 0; code >>= 7) name += static_cast<char>(code & 0x7f);
  return name;
}

Extents Extents::microbatch(std::int64_t sample_count, std::int64_t tokens_of_each) {
  return Extents()
      .with(samples, sample_count)
      .with(sequence, tokens_of_each)
      .with(rows, sample_count * tokens_of_each);
}

Extents Extents::with(std::int64_t extent, std::int64_t count) const {
  HEDDLE_EXPECT(extent < 0 && count >= 0);
  HEDDLE_EXPECT(std::ranges::count(counts_, extent, [](const auto& one) { return one.first; }) == 0);
  Extents more = *this;
  more.counts_.emplace_back(extent, count);
  return more;
}

std::int64_t Extents::operator[](std::int64_t extent) const {
  const auto found = std::ranges::find(counts_, extent, [](const auto& one) { return one.first; });
  HEDDLE_EXPECT(found != counts_.end());
  return found->second;
}

Shape resolve(Shape shape, const Extents& extents) {
  for (int dim = 0; dim < shape.rank(); ++dim)
    if (shape[dim] < 0) shape[dim] = extents[shape[dim]];
  return shape;
}

}  // namespace heddle::graph
