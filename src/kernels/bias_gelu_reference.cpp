// The plain meaning of bias_gelu.hpp.
#include <cmath>

#include "heddle/kernels/reference.hpp"

namespace heddle::kernels::reference {
namespace {
const double root = std::sqrt(2 / std::acos(-1.0));
}

Vector bias_gelu(const Vector& x, const Vector& bias) {
  Vector y = x;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double z = x[i] + bias[i % bias.size()];
    y[i] = 0.5 * z * (1 + std::tanh(root * (z + 0.044715 * z * z * z)));
  }
  return y;
}

Vector bias_gelu_gradient(const Vector& dy, const Vector& x, const Vector& bias) {
  Vector dx = x;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double z = x[i] + bias[i % bias.size()], t = std::tanh(root * (z + 0.044715 * z * z * z));
    dx[i] = dy[i] * (0.5 * (1 + t) + 0.5 * z * (1 - t * t) * root * (1 + 3 * 0.044715 * z * z));
  }
  return dx;
}

}  // namespace heddle::kernels::reference
