// Products of bf16 numbers where the processor has no instructions for them: in fp32, block by block, so that
// the copies are few and stay in cache.
#include <algorithm>
#include <memory>

#include "device_gemm.hpp"
#include "host_products.hpp"
#include "pack.hpp"

namespace heddle::kernels {
namespace {

/// Rows and columns of a block: 1 MiB as fp32, in which a number that was converted has this many partners.
constexpr std::int64_t side = 512;

/// The rows of one block as they lie in memory, to those of another.
template <class From, class To>
void convert_rows(const Matrix& from, const Matrix& to) {
  const bool flip = from.transpose == Transpose::yes;
  each_row(
      {}, "convert", flip ? from.columns : from.rows, KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        const From* read = static_cast<const From*>(from.data) + r * from.stride;
        To* write = static_cast<To*>(to.data) + r * to.stride;
        each_pack<float>(team, flip ? from.rows : from.columns,
                         [&](auto i) { i.store(write, i.load(read)); });
      });
}

Matrix widened(const Matrix& m, float* to) {
  const Matrix wide{to, DType::f32, m.rows, m.columns, side, m.transpose};
  convert_rows<BFloat16, float>(m, wide);
  return wide;
}

}  // namespace

void widened_product(const Matrix& a, const Matrix& b, const Matrix& c, Write write, const Tensor& bias) {
  const auto memory = std::make_unique_for_overwrite<float[]>(3 * side * side);
  float *left = memory.get(), *right = left + side * side, *sums = right + side * side;
  const auto extent = [](std::int64_t at, std::int64_t end) { return std::min(side, end - at); };
  for (std::int64_t i = 0; i < c.rows; i += side)
    for (std::int64_t j = 0; j < c.columns; j += side) {
      const std::int64_t rows = extent(i, c.rows), columns = extent(j, c.columns);
      const Matrix result = block(c, i, j, rows, columns);
      const Matrix total = c.dtype == DType::f32 ? result : Matrix{sums, DType::f32, rows, columns, side};
      if (write == Write::overwrite) fill_rows({}, total, bias.data ? bias.as<float>() + j : nullptr);
      for (std::int64_t k = 0; k < a.columns; k += side) {
        const std::int64_t depth = extent(k, a.columns);
        plain_product(widened(block(a, i, k, rows, depth), left),
                      widened(block(b, k, j, depth, columns), right), total, Write::accumulate);
      }
      if (c.dtype == DType::bf16) convert_rows<float, BFloat16>(total, result);
    }
}

}  // namespace heddle::kernels
