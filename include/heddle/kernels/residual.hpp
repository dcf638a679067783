// A branch added back to its trunk, with the branch's bias and dropout fused in.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/kernels/dropout.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// y = x + dropout(branch + bias); x, branch, y [R, C...] (y may be either), bias [C...] of x's
/// compute_type, none if without data. Adjoint: dx = dy, dbranch = dropout(dy), dbias = column_sum(dbranch).
void residual(const lanes::Lane& lane, const Tensor& x, const Tensor& branch, const Tensor& bias,
              const Dropout& dropout, const Tensor& y);

}  // namespace heddle::kernels
