// The plainest kernels: sums and constants, element by element.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// y = a + b; y may be a or b.
void add(const lanes::Lane& lane, const Tensor& a, const Tensor& b, const Tensor& y);

/// y = x, of one type and shape.
void copy(const lanes::Lane& lane, const Tensor& x, const Tensor& y);

/// y = x, of one shape, in y's type; fp64 becomes bf16 by way of fp32.
void convert(const lanes::Lane& lane, const Tensor& x, const Tensor& y);

void fill(const lanes::Lane& lane, const Tensor& y, double value);

}  // namespace heddle::kernels
