// Products of what oneDNN does not multiply: fp64, or everything where it is not found.
#include "host_products.hpp"

// GCC 12 takes the undefined registers of its own AVX-512 header for a mistake of Eigen's.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <Eigen/Core>

namespace heddle::kernels {
namespace {

template <class T>
using Plain = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The matrix as it lies in memory, before its transposition.
template <class T>
auto stored(const Matrix& a) {
  const bool flip = a.transpose == Transpose::yes;
  return Eigen::Map<Plain<T>, Eigen::Unaligned, Eigen::OuterStride<>>(
      static_cast<T*>(a.data), flip ? a.columns : a.rows, flip ? a.rows : a.columns,
      Eigen::OuterStride<>(a.stride));
}

template <class T>
void multiply(const Matrix& a, const Matrix& b, const Matrix& c, Write write) {
  const auto left = stored<T>(a), right = stored<T>(b);
  auto result = stored<T>(c);
  if (write == Write::overwrite) result.setZero();
  if (a.columns == 0) return;
  const bool flip_left = a.transpose == Transpose::yes, flip_right = b.transpose == Transpose::yes;
  if (flip_left && flip_right)
    result.noalias() += left.transpose() * right.transpose();
  else if (flip_left)
    result.noalias() += left.transpose() * right;
  else if (flip_right)
    result.noalias() += left * right.transpose();
  else
    result.noalias() += left * right;
}

}  // namespace

void eigen_product(const Matrix& a, const Matrix& b, const Matrix& c, Write write) {
  with_compute(c.dtype, [&](auto zero) { multiply<decltype(zero)>(a, b, c, write); });
}

}  // namespace heddle::kernels
