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

/// A step, in T.
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

  /// P: one number, or a pack.
  template <class P>
  KOKKOS_FORCEINLINE_FUNCTION P operator()(P parameter, P gradient, P& m, P& v) const {
    const P g = gradient * scale;
    m = beta1 * m + fresh1 * g, v = beta2 * v + fresh2 * g * g;
    return keep * parameter - rate * m / (square_root(v) * root + epsilon);
  }

  T beta1, fresh1, beta2, fresh2, scale, epsilon, keep, rate, root;
};

/// A result that not everybody asks for.
template <bool asked, class T>
struct Optional {
  T* to;

  template <class At, class P>
  KOKKOS_FORCEINLINE_FUNCTION void store([[maybe_unused]] At at, [[maybe_unused]] std::int64_t first,
                                         [[maybe_unused]] P value) const {
    if constexpr (asked) at.store(to + first, value);
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
        each_place<T>(team, n, [&](auto i) {
          const auto parameter = i.load(from.parameter + first);
          auto m = i.load(from.m + first), v = i.load(from.v + first);
          const auto moved = next(parameter, i.load(gradient + first), m, v);
          kept.store(i, first, parameter);
          i.store(to.m + first, m);
          i.store(to.v + first, v);
          i.store(to.parameter + first, moved);
          rounded.store(i, first, moved);
        });
      });
}

/// Stored as it is, or in bf16 by random bits, those of the words from bit `shift` on.
template <class At, class P, class W>
KOKKOS_FORCEINLINE_FUNCTION void put(At at, float* to, P value, W, int) {
  at.store(to, value);
}
template <class At, class P, class W>
KOKKOS_FORCEINLINE_FUNCTION void put(At at, BFloat16* to, P value, W words, int shift) {
  at.store(to,
           by_number([shift](float x, std::uint32_t word) { return BFloat16::dithered(x, word >> shift); },
                     value, words));
}

/// One word rounds all three of them: what counts is that each keeps its mean.
template <class P, class M, class Kept, class Rounded>
void run_dithered(const lanes::Lane& lane, const Shape& shape, const State<P, M> from, const float* gradient,
                  const State<P, M> to, Kept kept, Rounded rounded, const AdamWStep& step,
                  const Dither& dither) {
  const Numbers<float> next(step);
  const std::int64_t width = row_length(shape);
  each_row(
      lane, "adamw", row_count(shape), KOKKOS_LAMBDA(const Warp& warp, std::int64_t r) {
        const auto first = static_cast<std::uint64_t>(global_index(shape, dither.box, r));
        const std::int64_t row = r * width;
        each_drawn_place<float>(warp, dither.key, dither.stream, first, width, [&](auto i, auto words) {
          const auto parameter = i.load(from.parameter + row);
          auto m = i.load(from.m + row), v = i.load(from.v + row);
          const auto moved = next(parameter, i.load(gradient + row), m, v);
          kept.store(i, row, parameter);
          put(i, to.m + row, m, words, 0);
          put(i, to.v + row, v, words, 16);
          put(i, to.parameter + row, moved, words, 8);
          rounded.store(i, row, moved);
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
