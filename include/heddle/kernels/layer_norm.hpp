// Layer normalization (Ba, Kiros & Hinton, arXiv 1607.06450) over the columns of x [R, C...].
// Parameters, their gradients and statistics are of x's compute_type (base/dtype.hpp).
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/kernels/write.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// y = weight (x - mean) rstd + bias with rstd = 1 / sqrt(variance + epsilon); weight, bias [C...],
/// mean, rstd [R].
void layer_norm(const lanes::Lane& lane, const Tensor& x, const Tensor& weight, const Tensor& bias,
                double epsilon, const Tensor& y, const Tensor& mean, const Tensor& rstd);

/// y once more, from the statistics, to the same bits.
void layer_norm_apply(const lanes::Lane& lane, const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Tensor& mean, const Tensor& rstd, const Tensor& y);

/// dx may be dy.
void layer_norm_input_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& x,
                               const Tensor& weight, const Tensor& mean, const Tensor& rstd,
                               const Tensor& dx);

void layer_norm_parameter_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& x,
                                   const Tensor& mean, const Tensor& rstd, const Tensor& dweight,
                                   const Tensor& dbias, Write write);

}  // namespace heddle::kernels
