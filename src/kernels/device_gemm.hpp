// A device's share of gemm.
#pragma once

#include "heddle/kernels/gemm.hpp"

namespace heddle::kernels {

/// Enqueues what gemm promises, for matrices that it has checked and of which `c` has elements.
void enqueue_product(const lanes::Lane& lane, const Matrix& a, const Matrix& b, const Matrix& c, Write write,
                     const Tensor& bias, Rounding rounding);

/// Every row of a `c` of fp64 or fp32 becomes `row`, or zero if that is null.
void fill_rows(const lanes::Lane& lane, const Matrix& c, const void* row);

}  // namespace heddle::kernels
