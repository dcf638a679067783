#include "heddle/kernels/adamw.hpp"

#include <cmath>
#include <type_traits>

#include "drawn.hpp"
#include "heddle/base/remainder.hpp"
#include "place.hpp"
#include "rows.hpp"

namespace heddle::kernels {
namespace {

/// Stored as it is, or in bf16 by random bits, those of the words from bit `shift` on.
template <class At, class T, class P, class W>
KOKKOS_FORCEINLINE_FUNCTION void put(At at, T* to, P value, W, int) {
  at.store(to, value);
}
template <class At, class P, class W>
KOKKOS_FORCEINLINE_FUNCTION void put(At at, BFloat16* to, P value, W words, int shift) {
  at.store(to,
           by_number([shift](float x, std::uint32_t word) { return BFloat16::dithered(x, word >> shift); },
                     value, words));
}

/// Where a parameter lies, in T alone.
template <class T>
struct Alone {
  using Stored = T;
  Alone(const Tensor& parameter, const Tensor&) : number(parameter.as<T>()) {}

  template <class At, class P>
  KOKKOS_FORCEINLINE_FUNCTION P load(At at, std::int64_t first, P&) const {
    return at.load(number + first);
  }
  template <class At, class P, class W>
  KOKKOS_FORCEINLINE_FUNCTION void store(At at, std::int64_t first, P value, P&, W words) const {
    put(at, number + first, value, words, 8);
  }
  template <class At, class P>
  KOKKOS_FORCEINLINE_FUNCTION void keep(At at, std::int64_t first, P value) const {
    at.store(number + first, value);
  }

  T* number;
};

/// As the weight that products read and what that leaves (base/remainder.hpp). The carry stands in the sign of the second
/// moment, where `load` takes it from and `store` puts it.
struct Split {
  using Stored = BFloat16;
  Split(const Tensor& parameter, const Tensor& remainder)
      : weight(parameter.as<BFloat16>()), rest(remainder.as<std::int16_t>()) {}

  template <class At, class P>
  KOKKOS_FORCEINLINE_FUNCTION P load(At at, std::int64_t first, P& v) const {
    const auto low = at.template of<std::int32_t>().load(rest + first);
    const P whole = by_number(
        [](float high, std::int32_t lower, float signed_v) {
          return whole_of(high, {static_cast<std::int16_t>(lower), carry_of(signed_v)});
        },
        at.load(weight + first), low, v);
    v = by_number([](float x) { return with_carry(x, false); }, v);
    return whole;
  }
  template <class At, class P, class W>
  KOKKOS_FORCEINLINE_FUNCTION void store(At at, std::int64_t first, P value, P& v, W) const {
    keep(at, first, value);
    v = by_number([](float x, float master) { return with_carry(x, remainder_of(master).carry); }, v, value);
  }
  template <class At, class P>
  KOKKOS_FORCEINLINE_FUNCTION void keep(At at, std::int64_t first, P value) const {
    at.store(weight + first, nearest_bfloat16(value));
    at.store(rest + first, by_number([](float x) { return remainder_of(x).low; }, value));
  }

  BFloat16* weight;
  std::int16_t* rest;
};

/// What products read of a parameter that lies alone.
struct Copy {
  explicit Copy(const Tensor& copy) : weight(copy.as<BFloat16>()) {}

  template <class At, class P>
  KOKKOS_FORCEINLINE_FUNCTION void keep(At at, std::int64_t first, P value) const {
    at.store(weight + first, nearest_bfloat16(value));
  }

  BFloat16* weight;
};

/// For a result that nobody asks for.
struct Nowhere {
  template <class At, class P>
  KOKKOS_FORCEINLINE_FUNCTION void keep(At, std::int64_t, P) const {}
};

/// A parameter and its moments in M.
template <class Parameter, class M>
struct State {
  explicit State(const AdamWState& state)
      : parameter(state.parameter, state.remainder), m(state.m.as<M>()), v(state.v.as<M>()) {}
  Parameter parameter;
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

  /// P: one number, or a pack. What is multiplied and added at once is said, not left to the compiler, who would choose
  /// anew for every way in which a parameter lies: the bits must be those of all.
  template <class P>
  KOKKOS_FORCEINLINE_FUNCTION P operator()(P parameter, P gradient, P& m, P& v) const {
    const P g = gradient * scale;
    m = multiply_add(P(beta1), m, P(fresh1) * g);
    v = multiply_add(P(beta2), v, P(fresh2) * g * g);
    return multiply_add(P(keep), parameter, P(-rate) * m / multiply_add(square_root(v), P(root), P(epsilon)));
  }

  T beta1, fresh1, beta2, fresh2, scale, epsilon, keep, rate, root;
};

/// All that streams through a step in T. One word of random bits rounds all that is bf16: what counts is that each number
/// keeps its mean.
template <class T, class Parameter, class M, class Kept, class Rounded>
struct Pass {
  template <class At, class W>
  KOKKOS_FORCEINLINE_FUNCTION void operator()(At at, std::int64_t first, W words) const {
    auto m = at.load(from.m + first), v = at.load(from.v + first);
    const auto parameter = from.parameter.load(at, first, v);
    const auto moved = next(parameter, at.load(gradient + first), m, v);
    kept.keep(at, first, parameter);
    put(at, to.m + first, m, words, 0);
    to.parameter.store(at, first, moved, v, words);
    put(at, to.v + first, v, words, 16);
    rounded.keep(at, first, moved);
  }

  Numbers<T> next;
  State<Parameter, M> from;
  const T* gradient;
  State<Parameter, M> to;
  Kept kept;
  Rounded rounded;
};

template <class T, class... More>
void run(const lanes::Lane& lane, std::int64_t count, const Pass<T, More...>& pass) {
  each_block(
      lane, "adamw", count, element_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        each_place<T>(team, n, [&](auto i) { pass(i, first, 0); });
      });
}

template <class Pass>
void run_dithered(const lanes::Lane& lane, const Shape& shape, const Pass& pass, const Dither& dither) {
  const std::int64_t width = row_length(shape);
  each_row(
      lane, "adamw", row_count(shape), KOKKOS_LAMBDA(const Warp& warp, std::int64_t r) {
        const auto first = static_cast<std::uint64_t>(global_index(shape, dither.box, r));
        each_drawn_place<float>(warp, dither.key, dither.stream, first, width,
                                [&](auto i, auto words) { pass(i, r * width, words); });
      });
}

void expect_alike(const Tensor& gradient, std::initializer_list<const Tensor*> all) {
  for (const Tensor* tensor : all) HEDDLE_EXPECT(!tensor->data || tensor->count() == gradient.count());
}

/// What a step is told.
struct Call {
  const lanes::Lane& lane;
  const AdamWState& from;
  const Tensor& gradient;
  const AdamWState& to;
  const Kept& kept;
  const Tensor& rounded;
  const AdamWStep& step;
  const Dither& dither;
};

template <class T, class Parameter, class M, class Keeps, class Rounds>
void launch(const Call& c, const Keeps& keeps, const Rounds& rounds) {
  using States = State<Parameter, M>;
  const Pass<T, Parameter, M, Keeps, Rounds> pass{Numbers<T>(c.step), States(c.from), c.gradient.as<T>(),
                                                  States(c.to),       keeps,          rounds};
  if constexpr (std::is_same_v<M, BFloat16> || std::is_same_v<Parameter, Alone<BFloat16>>)
    run_dithered(c.lane, c.from.parameter.shape, pass, c.dither);
  else
    run(c.lane, c.gradient.count(), pass);
}

template <class T, class Parameter, class M>
void launch(const Call& c) {
  const auto with_kept = [&](const auto& rounds) {
    if (c.kept.parameter.data)
      launch<T, Parameter, M>(c, Parameter(c.kept.parameter, c.kept.remainder), rounds);
    else
      launch<T, Parameter, M>(c, Nowhere{}, rounds);
  };
  if constexpr (std::is_same_v<typename Parameter::Stored, T>)
    if (c.rounded.data) return with_kept(Copy(c.rounded));
  HEDDLE_EXPECT(!c.rounded.data);  // what is bf16 has no copy
  with_kept(Nowhere{});
}

/// f(a number of the type), for fp32 and bf16.
template <class F>
void with_narrow(DType type, const F& f) {
  if (type == DType::bf16)
    f(BFloat16{});
  else
    f(float{});
}

template <class Parameter>
void launch(const Call& c) {
  with_narrow(c.from.m.dtype, [&](auto moment) { launch<float, Parameter, decltype(moment)>(c); });
}

template <class M>
void run_split(const lanes::Lane& lane, std::int64_t count, const float* whole, const State<Split, M> to) {
  each_block(
      lane, "split", count, element_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        each_place<BFloat16>(team, n, [&](auto at) {
          const auto value = at.load(whole + first);
          auto v = value;
          to.parameter.store(at, first, value, v, 0);
          at.store(to.v + first, by_number([](float x) { return with_carry(0, carry_of(x)); }, v));
        });
      });
}

}  // namespace

void adamw(const lanes::Lane& lane, const AdamWState& from, const Tensor& gradient, const AdamWState& to,
           const Kept& kept, const Tensor& rounded, const AdamWStep& step, const Dither& dither) {
  expect_alike(gradient, {&from.parameter, &from.m, &from.v, &from.remainder, &to.parameter, &to.m, &to.v,
                          &to.remainder, &kept.parameter, &kept.remainder, &rounded});
  const Call call{lane, from, gradient, to, kept, rounded, step, dither};
  if (from.remainder.data) return launch<Split>(call);
  if (from.parameter.dtype == DType::bf16) return launch<Alone<BFloat16>>(call);
  if (from.parameter.dtype == DType::f32) return launch<Alone<float>>(call);
  launch<double, Alone<double>, double>(call);
}

void adamw(const lanes::Lane& lane, const Tensor& parameter, const Tensor& gradient, const Tensor& m,
           const Tensor& v, const AdamWStep& step) {
  const AdamWState state{parameter, m, v};
  adamw(lane, state, gradient, state, {}, {}, step);
}

void split(const lanes::Lane& lane, const Tensor& whole, const AdamWState& to) {
  expect_alike(whole, {&to.parameter, &to.v, &to.remainder});
  with_narrow(to.v.dtype, [&](auto moment) {
    run_split(lane, whole.count(), whole.as<float>(), State<Split, decltype(moment)>(to));
  });
}

}  // namespace heddle::kernels
