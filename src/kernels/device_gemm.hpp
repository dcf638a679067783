// A device's share of gemm.
#pragma once

#include "heddle/kernels/gemm.hpp"

namespace heddle::kernels {

/// Enqueues what gemm promises, for matrices that it has checked and of which `c` has elements.
/// What it is to be multiplied by afterwards is not looked at.
void enqueue_product(const lanes::Lane& lane, const Product& product, Write write);

/// Enqueues a product that is multiplied by gelu's slope as one call of the device's library; false, and nothing enqueued, where that has none
/// or takes longer than both one after the other.
bool enqueue_gelu_gradient(const lanes::Lane& lane, const Product& product);

/// Every row of a `c` of fp64 or fp32 becomes `row`, or zero if that is null.
void fill_rows(const lanes::Lane& lane, const Matrix& c, const void* row);

}  // namespace heddle::kernels
