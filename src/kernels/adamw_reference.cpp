// The plain meaning of adamw.hpp, line by line as torch.optim.AdamW documents it.
#include <cmath>

#include "heddle/kernels/reference.hpp"

namespace heddle::kernels::reference {

AdamWState adamw(const AdamWState& before, const Vector& gradient, const AdamWStep& step) {
  AdamWState after = before;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const double g = gradient[i] * step.gradient_scale;
    after.parameter[i] -= step.rate * step.weight_decay * before.parameter[i];
    after.m[i] = step.beta1 * before.m[i] + (1 - step.beta1) * g;
    after.v[i] = step.beta2 * before.v[i] + (1 - step.beta2) * g * g;
    const double m_hat = after.m[i] / step.bias_correction1, v_hat = after.v[i] / step.bias_correction2;
    after.parameter[i] -= step.rate * m_hat / (std::sqrt(v_hat) + step.epsilon);
  }
  return after;
}

}  // namespace heddle::kernels::reference
