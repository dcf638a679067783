// Sums over rows, added up in double: the gradient of every bias.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/kernels/write.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// db[c] = sum over r of dy[r, c]; dy is [R, C...], db [C...] of dy's compute_type.
void column_sum(const lanes::Lane& lane, const Tensor& dy, const Tensor& db, Write write);

}  // namespace heddle::kernels
