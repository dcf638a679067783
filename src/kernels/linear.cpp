#include "heddle/kernels/linear.hpp"

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

Product linear_product(const Tensor& x, const Tensor& w, const Tensor& bias, const Tensor& y) {
  return {matrix(x), transposed(matrix(w, out_dims(w, y))), matrix(y), bias};
}

Product input_gradient_product(const Tensor& dy, const Tensor& w, const Tensor& dx) {
  return {matrix(dy), matrix(w, out_dims(w, dy)), matrix(dx)};
}

Product weight_gradient_product(const Tensor& dy, const Tensor& x, const Tensor& dw) {
  return {transposed(matrix(dy)), matrix(x), matrix(dw, out_dims(dw, dy))};
}

}  // namespace heddle::kernels
