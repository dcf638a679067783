#include "heddle/kernels/gemm.hpp"

// GCC 12 takes the undefined registers of its own AVX-512 header for a mistake of Eigen's.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <Eigen/Core>
#ifdef HEDDLE_HAVE_ONEDNN
#include <dnnl.h>
#endif

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
void eigen_gemm(T alpha, const Matrix& a, const Matrix& b, T beta, const Matrix& c) {
  const auto left = stored<T>(a), right = stored<T>(b);
  auto result = stored<T>(c);
  if (beta == T(0))
    result.setZero();
  else if (beta != T(1))
    result *= beta;
  if (a.columns == 0) return;
  const bool flip_left = a.transpose == Transpose::yes, flip_right = b.transpose == Transpose::yes;
  if (flip_left && flip_right)
    result.noalias() += alpha * (left.transpose() * right.transpose());
  else if (flip_left)
    result.noalias() += alpha * (left.transpose() * right);
  else if (flip_right)
    result.noalias() += alpha * (left * right.transpose());
  else
    result.noalias() += alpha * (left * right);
}

void multiply(float alpha, const Matrix& a, const Matrix& b, float beta, const Matrix& c) {
#ifdef HEDDLE_HAVE_ONEDNN
  if (a.columns > 0) {
    const auto letter = [](const Matrix& x) { return x.transpose == Transpose::yes ? 'T' : 'N'; };
    const auto status = dnnl_sgemm(
        letter(a), letter(b), c.rows, c.columns, a.columns, alpha, static_cast<const float*>(a.data),
        a.stride, static_cast<const float*>(b.data), b.stride, beta, static_cast<float*>(c.data), c.stride);
    HEDDLE_EXPECT(status == dnnl_success);
    return;
  }
#endif
  eigen_gemm<float>(alpha, a, b, beta, c);
}

void multiply(double alpha, const Matrix& a, const Matrix& b, double beta, const Matrix& c) {
  eigen_gemm<double>(alpha, a, b, beta, c);
}

}  // namespace

Matrix matrix(const Tensor& tensor, int row_dims) {
  const std::int64_t count = tensor.shape.count(row_dims, tensor.shape.rank());
  return {tensor.data, tensor.dtype, tensor.shape.count(0, row_dims), count, count};
}

Matrix transposed(const Matrix& a) {
  const Transpose flipped = a.transpose == Transpose::yes ? Transpose::no : Transpose::yes;
  return {a.data, a.dtype, a.columns, a.rows, a.stride, flipped};
}

void gemm(const lanes::Lane& lane, double alpha, const Matrix& a, const Matrix& b, double beta,
          const Matrix& c) {
  HEDDLE_EXPECT(a.rows == c.rows && b.columns == c.columns && a.columns == b.rows);
  HEDDLE_EXPECT(a.dtype == c.dtype && b.dtype == c.dtype && c.transpose == Transpose::no);
  if (c.rows == 0 || c.columns == 0) return;
  with_real(c.dtype, [&](auto zero) {
    using T = decltype(zero);
    lane.run([alpha = static_cast<T>(alpha), a, b, beta = static_cast<T>(beta), c] {
      multiply(alpha, a, b, beta, c);
    });
  });
}

}  // namespace heddle::kernels
