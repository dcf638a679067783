// Dropout whose mask is a function of the element's place in the whole batch, so that every grid
// draws the same.
#pragma once

#include <cstdint>

#include "heddle/base/tensor.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// Element (r, c) of [R, C] is kept iff uniform_at(key, stream, (first_row + r) * C + c) >= rate, and
/// what is kept is scaled by 1 / (1 - rate), 0 <= rate < 1. `first_row` is the block's first row in the
/// step's whole batch.
struct Dropout {
  std::uint64_t key = 0;
  std::uint64_t stream = 0;
  double rate = 0;
  std::int64_t first_row = 0;
};

/// y = mask x / (1 - rate), which is its own adjoint. x and y are [R, C...] and may be the same.
void dropout(const lanes::Lane& lane, const Tensor& x, const Dropout& dropout, const Tensor& y);

}  // namespace heddle::kernels
