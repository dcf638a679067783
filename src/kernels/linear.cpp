#include "heddle/kernels/linear.hpp"

#include "heddle/kernels/gemm.hpp"
#include "rows.hpp"

namespace heddle::kernels {
namespace {

/// How many leading dims of a weight [out..., in...] are `out`, given y [R, out...].
int out_dims(const Tensor& w, const Tensor& y) {
  const int dims = y.shape.rank() - 1;
  HEDDLE_EXPECT(w.shape.count(0, dims) == columns(y));
  return dims;
}

template <class T>
void fill_rows(const lanes::Lane& lane, std::int64_t rows, std::int64_t width, const T* bias, T* y) {
  each_row(
      lane, "bias", rows, KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        T* row = y + r * width;
        each(team, width, [&](std::int64_t c) { row[c] = bias[c]; });
      });
}

}  // namespace

void linear(const lanes::Lane& lane, const Tensor& x, const Tensor& w, const Tensor& bias, const Tensor& y) {
  if (bias.data) {
    HEDDLE_EXPECT(bias.count() == columns(y));
    with_real(y.dtype, [&](auto zero) {
      using T = decltype(zero);
      fill_rows<T>(lane, y.shape[0], columns(y), bias.as<T>(), y.as<T>());
    });
  }
  gemm(lane, 1, matrix(x), transposed(matrix(w, out_dims(w, y))), bias.data ? 1 : 0, matrix(y));
}

void linear_input_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& w, const Tensor& dx) {
  gemm(lane, 1, matrix(dy), matrix(w, out_dims(w, dy)), 0, matrix(dx));
}

void linear_weight_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& x, const Tensor& dw,
                            Write write) {
  gemm(lane, 1, transposed(matrix(dy)), matrix(x), write == Write::accumulate ? 1 : 0,
       matrix(dw, out_dims(dw, dy)));
}

}  // namespace heddle::kernels
