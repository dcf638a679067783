// Learned positions: row r of the batch is token (first_row + r) % sequence of its sample.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/kernels/write.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// y[r] = x[r] + table[(first_row + r) % sequence]; x and y [R, C] (may be the same), table [T, C] of
/// x's compute_type, sequence <= T.
void add_position(const lanes::Lane& lane, const Tensor& x, const Tensor& table, std::int64_t first_row,
                  std::int64_t sequence, const Tensor& y);

/// dtable[t] = sum of dy[r] over the rows at position t, in the order of the rows; 0 for t >= sequence.
/// dtable is of dy's compute_type.
void position_gradient(const lanes::Lane& lane, const Tensor& dy, std::int64_t first_row,
                       std::int64_t sequence, const Tensor& dtable, Write write);

}  // namespace heddle::kernels
