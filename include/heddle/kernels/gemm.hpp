// Matrix multiplication: oneDNN for fp32 where it is found, Eigen otherwise.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

enum class Transpose { no, yes };

/// A row-major matrix within somebody's tensor: element (i, j) lies at i * stride + j, or at j * stride + i
/// if transposed. `rows` and `columns` count after the transposition.
struct Matrix {
  void* data;
  DType dtype;
  std::int64_t rows, columns, stride;
  Transpose transpose = Transpose::no;
};

/// The first `row_dims` dims of `tensor` are the rows, the rest the columns.
Matrix matrix(const Tensor& tensor, int row_dims = 1);
Matrix transposed(const Matrix& a);

/// c = alpha a b + beta c; `c` is not transposed and is not read if beta = 0.
void gemm(const lanes::Lane& lane, double alpha, const Matrix& a, const Matrix& b, double beta,
          const Matrix& c);

}  // namespace heddle::kernels
