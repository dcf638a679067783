#include "heddle/kernels/adamw.hpp"

#include <cmath>

#include "rows.hpp"

namespace heddle::kernels {
namespace {

template <class T>
struct State {
  explicit State(const AdamWState& state)
      : parameter(state.parameter.as<T>()), m(state.m.as<T>()), v(state.v.as<T>()) {}
  T *parameter, *m, *v;
};

/// A result that not everybody asks for.
template <bool asked, class T>
struct Optional {
  T* to;

  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION void store([[maybe_unused]] std::int64_t at, [[maybe_unused]] U value) const {
    if constexpr (asked) to[at] = static_cast<T>(value);
  }
};

/// f(the result), which is asked for if the tensor has data.
template <class T, class F>
void with_optional(const Tensor& tensor, const F& f) {
  if (tensor.data)
    f(Optional<true, T>{tensor.as<T>()});
  else
    f(Optional<false, T>{});
}

template <class T, class Kept, class Rounded>
void run(const lanes::Lane& lane, std::int64_t count, const State<T> from, const T* gradient,
         const State<T> to, Kept kept, Rounded rounded, const AdamWStep& step) {
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
          const T parameter = from.parameter[at];
          const T m = beta1 * from.m[at] + fresh1 * g, v = beta2 * from.v[at] + fresh2 * g * g;
          const T moved = keep * parameter - rate * m / (std::sqrt(v) * root + epsilon);
          kept.store(at, parameter);
          to.m[at] = m;
          to.v[at] = v;
          to.parameter[at] = moved;
          rounded.store(at, moved);
        });
      });
}

}  // namespace

void adamw(const lanes::Lane& lane, const AdamWState& from, const Tensor& gradient, const AdamWState& to,
           const Tensor& kept, const Tensor& rounded, const AdamWStep& step) {
  const std::int64_t count = gradient.count();
  for (const AdamWState* state : {&from, &to})
    HEDDLE_EXPECT(state->parameter.count() == count && state->m.count() == count &&
                  state->v.count() == count);
  for (const Tensor* optional : {&kept, &rounded})
    HEDDLE_EXPECT(!optional->data || optional->count() == count);
  with_compute(gradient.dtype, [&](auto zero) {
    using T = decltype(zero);
    const State<T> read(from), written(to);
    with_optional<T>(kept, [&](auto keeps) {
      with_optional<bfloat16>(rounded, [&](auto rounds) {
        run(lane, count, read, gradient.as<T>(), written, keeps, rounds, step);
      });
    });
  });
}

void adamw(const lanes::Lane& lane, const Tensor& parameter, const Tensor& gradient, const Tensor& m,
           const Tensor& v, const AdamWStep& step) {
  const AdamWState state{parameter, m, v};
  adamw(lane, state, gradient, state, {}, {}, step);
}

}  // namespace heddle::kernels
