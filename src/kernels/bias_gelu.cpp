#include "heddle/kernels/bias_gelu.hpp"

#include <type_traits>

#include "exponential.hpp"
#include "pack.hpp"

namespace heddle::kernels {
namespace {

constexpr double twice_root_two_over_pi = 1.5957691216057308;
constexpr double cubic = 0.044715;

/// exp(-2u) with u = sqrt(2/pi) (z + 0.044715 z^3): gelu(z) = z / (1 + exp(-2u)) has no cancellation, unlike
/// tanh. Kept within exp(+-80), so that what is made of it stays finite.
template <class Stored, class P>
KOKKOS_FORCEINLINE_FUNCTION P decay(P z) {
  using T = Element<P>;
  const P power = z * (T(-twice_root_two_over_pi) + T(-twice_root_two_over_pi * cubic) * z * z);
  return exponential_within<Stored>(smaller(P(80), larger(P(-80), power)));
}

/// A pack of x + bias, or of x.
template <bool has_bias, class Place, class T, class C>
KOKKOS_FORCEINLINE_FUNCTION auto biased(const Place& c, const T* x, const C* bias) {
  if constexpr (has_bias)
    return c.load(x) + c.load(bias);
  else
    return c.load(x);
}

/// Calls f(has_bias, bias, zero) with a zero of x's type.
template <class F>
void with_kind(const Tensor& x, const Tensor& bias, F&& f) {
  HEDDLE_EXPECT(!bias.data || bias.count() == columns(x));
  with_real(x.dtype, [&](auto zero) {
    using C = Compute<decltype(zero)>;
    if (bias.data)
      f(std::true_type(), bias.as<C>(), zero);
    else
      f(std::false_type(), static_cast<const C*>(nullptr), zero);
  });
}

template <bool has_bias, class T>
void forward(const lanes::Lane& lane, std::int64_t rows, std::int64_t width, const T* x,
             const Compute<T>* bias, T* y) {
  using C = Compute<T>;
  each_row(
      lane, "bias_gelu", rows, KOKKOS_LAMBDA(const Warp& warp, std::int64_t r) {
        const T* from = x + r * width;
        T* to = y + r * width;
        each_pack<T>(warp, width, [&](auto c) {
          const auto z = biased<has_bias>(c, from, bias);
          c.store(to, quotient<T>(z, C(1) + decay<T>(z)));
        });
      });
}

/// gelu' = s + z s (1 - s) 2u' with s = 1 / (1 + exp(-2u)).
template <bool has_bias, class T>
void backward(const lanes::Lane& lane, std::int64_t rows, std::int64_t width, const T* dy, const T* x,
              const Compute<T>* bias, T* dx) {
  using C = Compute<T>;
  each_row(
      lane, "bias_gelu_gradient", rows, KOKKOS_LAMBDA(const Warp& warp, std::int64_t r) {
        const T *gradient = dy + r * width, *from = x + r * width;
        T* to = dx + r * width;
        each_pack<T>(warp, width, [&](auto c) {
          const auto z = biased<has_bias>(c, from, bias), e = decay<T>(z);
          const auto s = quotient<T>(decltype(z)(C(1)), C(1) + e);
          const auto slope = C(twice_root_two_over_pi) + C(3 * twice_root_two_over_pi * cubic) * z * z;
          c.store(to, c.load(gradient) * (s + z * s * (e * s) * slope));
        });
      });
}

}  // namespace

void bias_gelu(const lanes::Lane& lane, const Tensor& x, const Tensor& bias, const Tensor& y) {
  HEDDLE_EXPECT(y.count() == x.count());
  with_kind(x, bias, [&](auto has_bias, auto row, auto zero) {
    using T = decltype(zero);
    forward<has_bias(), T>(lane, x.shape[0], columns(x), x.as<T>(), row, y.as<T>());
  });
}

void bias_gelu_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& x, const Tensor& bias,
                        const Tensor& dx) {
  HEDDLE_EXPECT(dy.count() == x.count() && dx.count() == x.count());
  with_kind(x, bias, [&](auto has_bias, auto row, auto zero) {
    using T = decltype(zero);
    backward<has_bias(), T>(lane, x.shape[0], columns(x), dy.as<T>(), x.as<T>(), row, dx.as<T>());
  });
}

}  // namespace heddle::kernels
