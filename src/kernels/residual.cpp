#include "residual_row.hpp"

namespace heddle::kernels {

void residual(const lanes::Lane& lane, const Tensor& x, const Tensor& branch, const Tensor& bias,
              const Dropout& dropout, const Tensor& y) {
  with_real(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    each_row(lane, "residual", x.shape[0], residual_row<T>(x, branch, bias, dropout, y));
  });
}

}  // namespace heddle::kernels
