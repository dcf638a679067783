// GELU in the tanh form of GPT-2 (Hendrycks & Gimpel, arXiv 1606.08415), fused with the bias before it, if any.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// y = gelu(x + bias), gelu(z) = z/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))); x, y [R, C...], bias [C...]
/// of x's compute_type, none if without data. y may be x.
void bias_gelu(const lanes::Lane& lane, const Tensor& x, const Tensor& bias, const Tensor& y);

/// dx = dy gelu'(x + bias); the bias' gradient is column_sum(dx). dx may be dy.
void bias_gelu_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& x, const Tensor& bias,
                        const Tensor& dx);

}  // namespace heddle::kernels
