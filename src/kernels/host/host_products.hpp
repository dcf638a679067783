// The products that gemm on the host is made of. They are done when the call returns, by as many threads as the
// libraries were given.
#pragma once

#include <cstddef>
#include <string_view>

#include "heddle/kernels/gemm.hpp"

namespace heddle::kernels {

/// c = a b or c += a b, all fp64 or all fp32.
void plain_product(const Matrix& a, const Matrix& b, const Matrix& c, Write write);
/// The same, by Eigen.
void eigen_product(const Matrix& a, const Matrix& b, const Matrix& c, Write write);
/// The same for fp32, by oneDNN. False where it does nothing: it is not there, or there is nothing to add up.
bool onednn_product(const Matrix& a, const Matrix& b, const Matrix& c, Write write);

/// gemm of bf16 numbers by the processor's own instructions for them. False where it does nothing: there are
/// none for these matrices.
bool onednn_bf16_product(const Matrix& a, const Matrix& b, const Matrix& c, Write write, const Tensor& bias);
/// The same by plain products of fp32 copies.
void widened_product(const Matrix& a, const Matrix& b, const Matrix& c, Write write, const Tensor& bias);
/// What the processor or the build lacks for onednn_bf16_product; empty if nothing.
std::string_view bf16_lacks();

/// A part of a matrix.
inline Matrix block(const Matrix& m, std::int64_t row, std::int64_t column, std::int64_t rows,
                    std::int64_t columns) {
  const bool flip = m.transpose == Transpose::yes;
  const std::int64_t at = flip ? column * m.stride + row : row * m.stride + column;
  return {
      static_cast<std::byte*>(m.data) + at * size_of(m.dtype), m.dtype, rows, columns, m.stride, m.transpose};
}

}  // namespace heddle::kernels
