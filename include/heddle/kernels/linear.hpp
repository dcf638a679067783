// The linear layer y = x w^T + bias and its adjoints, as products for gemm. x is [R, in...], w is [out..., in...], y
// is [R, out...], and they have one type. Biases and gradients of weights have its compute_type.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/kernels/gemm.hpp"

namespace heddle::kernels {

/// y = x w^T + bias; a `bias` [out...] without data is none.
Product linear_product(const Tensor& x, const Tensor& w, const Tensor& bias, const Tensor& y);

/// dx = dy w
Product input_gradient_product(const Tensor& dy, const Tensor& w, const Tensor& dx);

/// dw = dy^T x; the bias' gradient is column_sum(dy).
Product weight_gradient_product(const Tensor& dy, const Tensor& x, const Tensor& dw);

}  // namespace heddle::kernels
