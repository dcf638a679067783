#include "heddle/kernels/gemm.hpp"

#include "product.hpp"
#include "rows.hpp"

namespace heddle::kernels {
namespace {

void product(const Matrix& a, const Matrix& b, const Matrix& c, Write write, const Tensor& bias) {
  if (a.dtype == DType::bf16) {
    if (!onednn_bf16_product(a, b, c, write, bias)) widened_product(a, b, c, write, bias);
    return;
  }
  if (bias.data) fill_rows(c, bias.data);
  plain_product(a, b, c, bias.data ? Write::accumulate : write);
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

void plain_product(const Matrix& a, const Matrix& b, const Matrix& c, Write write) {
  if (!onednn_product(a, b, c, write)) eigen_product(a, b, c, write);
}

void fill_rows(const Matrix& c, const void* row) {
  with_compute(c.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = static_cast<const T*>(row);
    each_row(
        {}, "bias", c.rows, KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
          T* to = static_cast<T*>(c.data) + r * c.stride;
          each(team, c.columns, [&](std::int64_t i) { to[i] = from ? from[i] : T(0); });
        });
  });
}

void gemm(const lanes::Lane& lane, const Matrix& a, const Matrix& b, const Matrix& c, Write write,
          const Tensor& bias) {
  const DType sums = compute_type(a.dtype);
  HEDDLE_EXPECT(a.rows == c.rows && b.columns == c.columns && a.columns == b.rows);
  HEDDLE_EXPECT(b.dtype == a.dtype && (c.dtype == a.dtype || c.dtype == sums));
  HEDDLE_EXPECT(c.transpose == Transpose::no);
  HEDDLE_EXPECT(write == Write::overwrite || (c.dtype == sums && !bias.data));
  HEDDLE_EXPECT(!bias.data || (bias.dtype == sums && bias.count() == c.columns));
  if (c.rows == 0 || c.columns == 0) return;
  lane.run([a, b, c, write, bias] { product(a, b, c, write, bias); });
}

std::string_view slow_products(DType type) { return type == DType::bf16 ? bf16_lacks() : ""; }

}  // namespace heddle::kernels
