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

}  // namespace

void linear(const lanes::Lane& lane, const Tensor& x, const Tensor& w, const Tensor& bias, const Tensor& y) {
  gemm(lane, matrix(x), transposed(matrix(w, out_dims(w, y))), matrix(y), Write::overwrite, bias);
}

void linear_input_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& w, const Tensor& dx) {
  gemm(lane, matrix(dy), matrix(w, out_dims(w, dy)), matrix(dx), Write::overwrite);
}

void linear_weight_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& x, const Tensor& dw,
                            Write write) {
  gemm(lane, transposed(matrix(dy)), matrix(x), matrix(dw, out_dims(dw, dy)), write);
}

}  // namespace heddle::kernels
