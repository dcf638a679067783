// The linear layer y = x w^T + bias and its adjoints. x is [R, in...], w is [out..., in...], y
// is [R, out...], and they have one type. Biases and gradients of weights have its compute_type.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/kernels/gemm.hpp"
#include "heddle/kernels/write.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// What each of these three hands to gemm.
struct Product {
  Matrix a, b, c;
  Tensor bias = {};
};
Product linear_product(const Tensor& x, const Tensor& w, const Tensor& bias, const Tensor& y);
Product input_gradient_product(const Tensor& dy, const Tensor& w, const Tensor& dx);
Product weight_gradient_product(const Tensor& dy, const Tensor& x, const Tensor& dw);

/// A `bias` [out...] without data is none.
void linear(const lanes::Lane& lane, const Tensor& x, const Tensor& w, const Tensor& bias, const Tensor& y);

/// dx = dy w
void linear_input_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& w, const Tensor& dx);

/// dw = dy^T x; the bias' gradient is column_sum(dy).
void linear_weight_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& x, const Tensor& dw,
                            Write write);

}  // namespace heddle::kernels
