#include "heddle/kernels/adamw.hpp"

#include <cmath>

#include "drawn.hpp"
#include "place.hpp"
#include "rows.hpp"

namespace heddle::kernels {
namespace {

/// A parameter in P and its moments in M.
template <class P, class M>
struct State {
  explicit State(const AdamWState& state)
      : parameter(state.parameter.as<P>()), m(state.m.as<M>()), v(state.v.as<M>()) {}
  P* parameter;
  M *m, *v;
};

/// A step of one number.
template <class T>
struct Numbers {
  explicit Numbers(const AdamWStep& step)
      : beta1(static_cast<T>(step.beta1)),
        fresh1(static_cast<T>(1 - step.beta1)),
        beta2(static_cast<T>(step.beta2)),
        fresh2(static_cast<T>(1 - step.beta2)),
        scale(static_cast<T>(step.gradient_scale)),
        epsilon(static_cast<T>(step.epsilon)),
        keep(static_cast<T>(1 - step.rate * step.weight_decay)),
        rate(static_cast<T>(step.rate / step.bias_correction1)),
        root(static_cast<T>(1 / std::sqrt(step.bias_correction2))) {}

  KOKKOS_FORCEINLINE_FUNCTION T operator()(T parameter, T gradient, T& m, T& v) const {
    const T g = gradient * scale;
    m = beta1 * m + fresh1 * g, v = beta2 * v + fresh2 * g * g;
    return keep * parameter - rate * m / (std::sqrt(v) * root + epsilon);
  }

  T beta1, fresh1, beta2, fresh2, scale, epsilon, keep, rate, root;
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
void run(const lanes::Lane& lane, std::int64_t count, const State<T, T> from, const T* gradient,
         const State<T, T> to, Kept kept, Rounded rounded, const AdamWStep& step) {
  const Numbers<T> next(step);
  each_block(
      lane, "adamw", count, element_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        each(team, n, [&](std::int64_t i) {
          const std::int64_t at = first + i;
          const T parameter = from.parameter[at];
          T m = from.m[at], v = from.v[at];
          const T moved = next(parameter, gradient[at], m, v);
          kept.store(at, parameter);
          to.m[at] = m;
          to.v[at] = v;
          to.parameter[at] = moved;
          rounded.store(at, moved);
        });
      });
}

/// Stored as it is, or in bf16 by random bits.
KOKKOS_FORCEINLINE_FUNCTION void put(float* to, float value, std::uint32_t) { *to = value; }
KOKKOS_FORCEINLINE_FUNCTION void put(BFloat16* to, float value, std::uint32_t random) {
  *to = BFloat16::dithered(value, random);
}

/// One word rounds all three of them: what counts is that each keeps its mean.
template <class P, class M, class Kept, class Rounded>
void run_dithered(const lanes::Lane& lane, const Shape& shape, const State<P, M> from, const float* gradient,
                  const State<P, M> to, Kept kept, Rounded rounded, const AdamWStep& step,
                  const Dither& dither) {
  const Numbers<float> next(step);
  const std::int64_t width = row_length(shape);
  each_row(
      lane, "adamw", row_count(shape), KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        const auto first = static_cast<std::uint64_t>(global_index(shape, dither.box, r));
        each_drawn(team, dither.key, dither.stream, first, width, [&](std::int64_t i, std::uint32_t word) {
          const std::int64_t at = r * width + i;
          const float parameter = from.parameter[at];
          float m = from.m[at], v = from.v[at];
          const float moved = next(parameter, gradient[at], m, v);
          kept.store(at, parameter);
          put(to.m + at, m, word);
          put(to.v + at, v, word >> 16);
          put(to.parameter + at, moved, word >> 8);
          rounded.store(at, moved);
        });
      });
}

void expect_alike(const Tensor& gradient, std::initializer_list<const Tensor*> all) {
  for (const Tensor* tensor : all) HEDDLE_EXPECT(!tensor->data || tensor->count() == gradient.count());
}

/// f(a number of the type), for fp32 and bf16.
template <class F>
void with_narrow(DType type, const F& f) {
  if (type == DType::bf16)
    f(BFloat16{});
  else
    f(float{});
}

void step_dithered(const lanes::Lane& lane, const AdamWState& from, const Tensor& gradient,
                   const AdamWState& to, const Tensor& kept, const Tensor& rounded, const AdamWStep& step,
                   const Dither& dither) {
  with_narrow(from.parameter.dtype, [&](auto parameter) {
    with_narrow(from.m.dtype, [&](auto moment) {
      using P = decltype(parameter);
      using M = decltype(moment);
      with_optional<P>(kept, [&](auto keeps) {
        with_optional<BFloat16>(rounded, [&](auto rounds) {
          run_dithered(lane, from.parameter.shape, State<P, M>(from), gradient.as<float>(), State<P, M>(to),
                       keeps, rounds, step, dither);
        });
      });
    });
  });
}

}  // namespace

void adamw(const lanes::Lane& lane, const AdamWState& from, const Tensor& gradient, const AdamWState& to,
           const Tensor& kept, const Tensor& rounded, const AdamWStep& step, const Dither& dither) {
  expect_alike(gradient, {&from.parameter, &from.m, &from.v, &to.parameter, &to.m, &to.v, &kept, &rounded});
  const bool dithers = from.parameter.dtype == DType::bf16 || from.m.dtype == DType::bf16;
  if (dithers) return step_dithered(lane, from, gradient, to, kept, rounded, step, dither);
  with_compute(gradient.dtype, [&](auto zero) {
    using T = decltype(zero);
    with_optional<T>(kept, [&](auto keeps) {
      with_optional<BFloat16>(rounded, [&](auto rounds) {
        run(lane, gradient.count(), State<T, T>(from), gradient.as<T>(), State<T, T>(to), keeps, rounds,
            step);
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
