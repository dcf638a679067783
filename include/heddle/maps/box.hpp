// Boxes of a global index space: the one arithmetic under layouts, halos and repartitions.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "heddle/base/tensor.hpp"
#include "heddle/maps/blocks.hpp"

namespace heddle::maps {

/// One Block for each dim of a tensor.
class Box {
 public:
  constexpr Box() = default;
  constexpr Box(std::initializer_list<Block> blocks) {
    for (const Block& block : blocks) push_back(block);
  }
  /// The box [0, extent) in every dim.
  explicit constexpr Box(const Shape& shape) {
    for (auto extent : shape) push_back({0, extent});
  }
  /// A box of no element, in `dims` dims, of which there is at least one.
  static constexpr Box nothing(int dims) {
    Box box;
    for (int dim = 0; dim < dims; ++dim) box.push_back({0, 0});
    return box;
  }
  constexpr void push_back(Block block) {
    HEDDLE_EXPECT(rank_ < Shape::max_rank);
    blocks_[rank_++] = block;
  }
  constexpr int rank() const { return rank_; }
  constexpr Block operator[](int dim) const { return blocks_[dim]; }
  constexpr Block& operator[](int dim) { return blocks_[dim]; }
  constexpr const Block* begin() const { return blocks_.data(); }
  constexpr const Block* end() const { return blocks_.data() + rank_; }

  Shape shape() const;
  /// Its first index in every dim.
  Shape origin() const;
  std::int64_t count() const { return shape().count(); }
  bool empty() const { return count() == 0; }
  friend bool operator==(const Box&, const Box&) = default;

 private:
  std::array<Block, Shape::max_rank> blocks_{};
  int rank_ = 0;
};

/// What both hold; empty in the dims in which they do not meet.
Box intersect(const Box& a, const Box& b);
/// `box` moved by `offset[dim]` in every dim.
Box shift(const Box& box, const Shape& offset);
bool contains(const Box& outer, const Box& inner);

/// Visits the runs of `part` that are contiguous in a row-major tensor covering `holder`, in order: f(offset,
/// length) in elements. Packing, unpacking and adding a piece are this loop with another body.
template <class F>
void for_each_run(const Box& holder, const Box& part, F&& f) {
  HEDDLE_EXPECT(contains(holder, part));
  if (part.empty()) return;
  const int rank = part.rank();
  if (rank == 0) return void(f(std::int64_t{0}, std::int64_t{1}));
  std::array<std::int64_t, Shape::max_rank> at{};
  for (int dim = 0; dim < rank; ++dim) at[dim] = part[dim].begin;
  for (;;) {
    std::int64_t offset = 0;
    for (int dim = 0; dim < rank; ++dim) offset = offset * holder[dim].size() + at[dim] - holder[dim].begin;
    f(offset, part[rank - 1].size());
    int dim = rank - 2;
    while (dim >= 0 && ++at[dim] == part[dim].end) at[dim] = part[dim].begin, --dim;
    if (dim < 0) return;
  }
}

}  // namespace heddle::maps
