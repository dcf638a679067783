// The squared norm of a tensor, for clipping.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// result (one fp64) = sum of x^2, added up in double, in an order that depends on nothing but the
/// number of threads.
void sum_of_squares(const lanes::Lane& lane, const Tensor& x, const Tensor& result);

}  // namespace heddle::kernels
