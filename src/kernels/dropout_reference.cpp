// The plain meaning of dropout.hpp and residual.hpp.
#include "heddle/base/random.hpp"
#include "heddle/kernels/reference.hpp"

namespace heddle::kernels::reference {

Vector dropout(const Vector& x, const Dropout& dropout, Int columns) {
  Vector y = x;
  for (Int i = 0; i < static_cast<Int>(x.size()); ++i) {
    const bool kept =
        uniform_at(dropout.key, dropout.stream, dropout.first_row * columns + i) >= dropout.rate;
    y[i] = kept ? x[i] / (1 - dropout.rate) : 0;
  }
  return y;
}

Vector residual(const Vector& x, const Vector& branch, const Vector& bias, const Dropout& drop) {
  Vector y = branch;
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += bias[i % bias.size()];
  return add(x, dropout(y, drop, static_cast<Int>(bias.size())));
}

}  // namespace heddle::kernels::reference
