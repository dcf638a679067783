// Matrix multiplication: on the host oneDNN for fp32 and bf16 where it is found and Eigen otherwise, on a GPU cuBLASLt.
#pragma once

#include <string_view>

#include "heddle/base/precision.hpp"
#include "heddle/base/tensor.hpp"
#include "heddle/kernels/write.hpp"
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

/// c = a b, plus the row `bias` if it has data, times gelu'(gelu_of) if that has.
struct Product {
  Matrix a, b, c;
  Tensor bias = {};
  Rounding rounding = Rounding::none;  ///< of a and b
  Tensor gelu_of = {};                 ///< [c.rows, c.columns], as bias_gelu.hpp has it
};

/// c = a b, plus the row `bias` if it has data, or c += a b. `a` and `b` have one type and are summed in its
/// compute_type, which that of `bias` is; `c` has either, and is rounded once. What accumulates has the
/// compute_type and no bias. A GPU rounds the bias to the type of `c` before it adds it. `c` is not transposed, and
/// is not read where it is overwritten. Factors that are rounded first are fp32, and are so where the device can:
/// lacks_tf32. A product that has `gelu_of`, which is of the type of c, is overwritten and has no bias; a device's library
/// may round once where c would be rounded before it is multiplied by gelu's slope, too.
void gemm(const lanes::Lane& lane, const Matrix& a, const Matrix& b, const Matrix& c, Write write,
          const Tensor& bias = {}, Rounding rounding = Rounding::none);
void gemm(const lanes::Lane& lane, const Product& product, Write write);

/// Why products of numbers of this type are computed in a wider one here, and take longer than that one's
/// own; empty where they are not.
std::string_view slow_products(DType type);
/// Why products with Rounding::tf32 are those without here; empty where they are not.
std::string_view lacks_tf32();

}  // namespace heddle::kernels
