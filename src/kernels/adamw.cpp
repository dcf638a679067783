#include "heddle/kernels/adamw.hpp"

#include <cmath>

#include "rows.hpp"

namespace heddle::kernels {
namespace {

template <class T>
void run(const Lane& lane, std::int64_t count, T* parameter, const T* gradient, T* m, T* v,
         const AdamWStep& step) {
  const T beta1 = static_cast<T>(step.beta1), fresh1 = static_cast<T>(1 - step.beta1);
  const T beta2 = static_cast<T>(step.beta2), fresh2 = static_cast<T>(1 - step.beta2);
  const T scale = static_cast<T>(step.gradient_scale), epsilon = static_cast<T>(step.epsilon);
  const T keep = static_cast<T>(1 - step.rate * step.weight_decay);
  const T rate = static_cast<T>(step.rate / step.bias_correction1);
  const T root = static_cast<T>(1 / std::sqrt(step.bias_correction2));
  each_block(
      lane, "adamw", count, element_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        each(team, n, [&](std::int64_t i) {
          const std::int64_t at = first + i;
          const T g = gradient[at] * scale;
          const T m_new = beta1 * m[at] + fresh1 * g, v_new = beta2 * v[at] + fresh2 * g * g;
          m[at] = m_new;
          v[at] = v_new;
          parameter[at] = keep * parameter[at] - rate * m_new / (std::sqrt(v_new) * root + epsilon);
        });
      });
}

}  // namespace

void adamw(const Lane& lane, const Tensor& parameter, const Tensor& gradient, const Tensor& m,
           const Tensor& v, const AdamWStep& step) {
  const std::int64_t count = parameter.count();
  HEDDLE_EXPECT(gradient.count() == count && m.count() == count && v.count() == count);
  with_real(parameter.dtype, [&](auto zero) {
    using T = decltype(zero);
    run<T>(lane, count, parameter.as<T>(), gradient.as<T>(), m.as<T>(), v.as<T>(), step);
  });
}

}  // namespace heddle::kernels
