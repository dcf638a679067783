// The plainest kernels: sums and constants, element by element.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// y = a + b; y may be a or b.
void add(const lanes::Lane& lane, const Tensor& a, const Tensor& b, const Tensor& y);

/// y = x, of one type and shape: floating, or int16.
void copy(const lanes::Lane& lane, const Tensor& x, const Tensor& y);

/// y = x, of one shape, in y's type. What becomes bf16 is rounded as AdamW rounds a weight, to the nearest, fp64 by way of
/// fp32.
void convert(const lanes::Lane& lane, const Tensor& x, const Tensor& y);

void fill(const lanes::Lane& lane, const Tensor& y, double value);

}  // namespace heddle::kernels
