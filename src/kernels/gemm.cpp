#include "heddle/kernels/gemm.hpp"

#include "device_gemm.hpp"
#include "heddle/kernels/bias_gelu.hpp"
#include "pack.hpp"

namespace heddle::kernels {
namespace {

template <class T>
void run_fill(const lanes::Lane& lane, const Matrix& c, T* to, const Compute<T>* row) {
  const std::int64_t columns = c.columns, stride = c.stride;
  each_row(
      lane, "bias", c.rows, KOKKOS_LAMBDA(const Warp& warp, std::int64_t r) {
        if (row)
          each_place<T>(warp, columns, [&](auto i) { i.store(to + r * stride, i.load(row)); });
        else
          each_place<T>(warp, columns, [&](auto i) { i.store(to + r * stride, Compute<T>(0)); });
      });
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

void fill_rows(const lanes::Lane& lane, const Matrix& c, const void* row) {
  with_real(c.dtype, [&](auto zero) {
    using T = decltype(zero);
    run_fill(lane, c, static_cast<T*>(c.data), static_cast<const Compute<T>*>(row));
  });
}

void gemm(const lanes::Lane& lane, const Matrix& a, const Matrix& b, const Matrix& c, Write write,
          const Tensor& bias, Rounding rounding) {
  gemm(lane, {a, b, c, bias, rounding}, write);
}

void gemm(const lanes::Lane& lane, const Product& product, Write write) {
  const auto& [a, b, c, bias, rounding, gelu_of] = product;
  const DType sums = compute_type(a.dtype);
  HEDDLE_EXPECT(a.rows == c.rows && b.columns == c.columns && a.columns == b.rows);
  HEDDLE_EXPECT(b.dtype == a.dtype && (c.dtype == a.dtype || c.dtype == sums));
  HEDDLE_EXPECT(c.transpose == Transpose::no);
  HEDDLE_EXPECT(write == Write::overwrite || (c.dtype == sums && !bias.data));
  HEDDLE_EXPECT(!bias.data || (bias.dtype == sums && bias.count() == c.columns));
  HEDDLE_EXPECT(rounding == Rounding::none || a.dtype == DType::f32);
  if (c.rows == 0 || c.columns == 0) return;
  if (!gelu_of.data) return enqueue_product(lane, product, write);
  HEDDLE_EXPECT(write == Write::overwrite && !bias.data && gelu_of.dtype == c.dtype);
  HEDDLE_EXPECT(c.stride == c.columns && gelu_of.count() == c.rows * c.columns);
  if (enqueue_gelu_gradient(lane, product)) return;
  enqueue_product(lane, {a, b, c, {}, rounding}, write);
  const Tensor result{c.data, c.dtype, gelu_of.shape};
  bias_gelu_gradient(lane, result, gelu_of, {}, result);
}

}  // namespace heddle::kernels
