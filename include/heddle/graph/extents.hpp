// Extents with names: what a dim counts that is known only when a program is planned or runs. A shape names
// them; a set of bindings gives them their numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle/base/tensor.hpp"

namespace heddle::graph {

/// How a shape names an extent: the name's letters, at most nine, seven bits each, as a negative number. No
/// table has to know a name: a new extent is a constant, and whoever runs a program that uses it binds it.
constexpr std::int64_t extent(std::string_view name) {
  HEDDLE_EXPECT(!name.empty() && name.size() <= 9);
  std::int64_t code = 0;
  for (std::size_t i = name.size(); i-- > 0;) code = code << 7 | (name[i] & 0x7f);
  return -code;
}

inline constexpr std::int64_t samples = extent("samples");    ///< of a microbatch, over the whole data axis
inline constexpr std::int64_t sequence = extent("sequence");  ///< tokens of a sample
/// The tokens of all samples, in one dim, sample after sample. Shapes here are global; a layout tells which
/// part of them a rank holds.
inline constexpr std::int64_t rows = extent("rows");

/// Does the first dim count rows? No other dim does.
inline bool has_rows(const Shape& shape) { return shape.rank() > 0 && shape[0] == rows; }

/// "rows", or "64" for a number.
std::string extent_text(std::int64_t extent);

/// The numbers that names stand for.
class Extents {
 public:
  Extents() = default;
  /// Of one microbatch over the whole data axis: samples, the tokens of each, and their product, rows.
  static Extents microbatch(std::int64_t sample_count, std::int64_t tokens_of_each);

  /// The same with one more. A name is bound once.
  Extents with(std::int64_t extent, std::int64_t count) const;
  /// Contract: it is bound.
  std::int64_t operator[](std::int64_t extent) const;

 private:
  std::vector<std::pair<std::int64_t, std::int64_t>> counts_;
};

/// The shape with numbers in the place of names.
Shape resolve(Shape shape, const Extents& extents);

}  // namespace heddle::graph
