// exp of a pack: Cody-Waite reduction to |r| <= ln(2)/2 (Cody & Waite, "Software Manual for the Elementary
// Functions", 1980), a Taylor polynomial, and a power of two put together from bits. Error about 1 ulp; 0 where the
// result would be subnormal, infinity and NaN as exp.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "pack.hpp"

namespace heddle::kernels {

template <class T>
struct ExponentialConstants;

template <>
struct ExponentialConstants<float> {
  using Bits = std::uint32_t;
  static constexpr int degree = 7, mantissa = 23;
  static constexpr float lowest = -87.0f, highest = 88.8f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
  /// 1.5 times 2^mantissa: what is added to it is rounded to a whole number, in the low bits. Then the bias.
  static constexpr float shift = 12582912.0f + 127.0f;
};

template <>
struct ExponentialConstants<double> {
  using Bits = std::uint64_t;
  static constexpr int degree = 13, mantissa = 52;
  static constexpr double lowest = -708.0, highest = 709.8, ln2_high = 6.93145751953125e-1,
                          ln2_low = 1.42860682030941723212e-6;
  static constexpr double shift = 6755399441055744.0 + 1023.0;
};

/// 1 / k! for k = degree ... 0.
template <class T>
constexpr auto taylor_of_exp() {
  std::array<T, ExponentialConstants<T>::degree + 1> terms{};
  double factorial = 1;
  for (std::size_t k = 0; k < terms.size(); ++k) {
    if (k > 0) factorial *= static_cast<double>(k);
    terms[terms.size() - 1 - k] = static_cast<T>(1 / factorial);
  }
  return terms;
}

/// exp(x) for lowest <= x <= highest, or NaN.
template <class P>
KOKKOS_FORCEINLINE_FUNCTION P exponential_within(P x) {
  using T = Element<P>;
  using C = ExponentialConstants<T>;
  using Bits = Rebound<typename C::Bits, P>;
  constexpr auto terms = taylor_of_exp<T>();
  const P shifted = x * T(1.44269504088896340736) + C::shift;  // the low bits are n + bias
  const P n = shifted - C::shift;
  const P r = (x - n * C::ln2_high) - n * C::ln2_low;
  P polynomial = terms[0];
#pragma GCC unroll 16
  for (std::size_t k = 1; k < terms.size(); ++k) polynomial = polynomial * r + terms[k];
  return polynomial * std::bit_cast<P>(static_cast<Bits>(std::bit_cast<Bits>(shifted) << C::mantissa));
}

template <class P>
KOKKOS_FORCEINLINE_FUNCTION P exponential(P x) {
  using C = ExponentialConstants<Element<P>>;
  const P result = exponential_within(smaller(P(C::highest), larger(P(C::lowest), x)));
  return select(x < C::lowest, P(0), result);
}

}  // namespace heddle::kernels
