// exp of a pack: Cody-Waite reduction to |r| <= ln(2)/2 (Cody & Waite, "Software Manual for the Elementary
// Functions", 1980), a polynomial, and a power of two put together from bits. Error about 1 ulp; 0 or inexact
// where the result would be subnormal, infinity and NaN as exp.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "quick.hpp"

namespace heddle::kernels {

template <class T>
struct ExponentialConstants;

template <>
struct ExponentialConstants<float> {
  using Bits = std::uint32_t;
  static constexpr int mantissa = 23;
  static constexpr float lowest = -88.0f, highest = 88.8f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
  /// 1.5 times 2^mantissa: what is added to it is rounded to a whole number, in the low bits. Then the bias.
  static constexpr float shift = 12582912.0f + 127.0f;
  /// Of exp(r) for |r| <= ln(2)/2, highest power first: 1 and r as they are, the others so that the largest
  /// relative error, 3.1e-9 here and 3.6e-18 below, is as small as it can be (Remez).
  static constexpr std::array polynomial = {
      1.3814607303e-3f, 8.36871703885e-3f, 4.16683878771e-2f, 0.166665206301f, 0.499999934486f, 1.0f, 1.0f};
};

template <>
struct ExponentialConstants<double> {
  using Bits = std::uint64_t;
  static constexpr int mantissa = 52;
  static constexpr double lowest = -709.0, highest = 709.8, ln2_high = 6.93145751953125e-1,
                          ln2_low = 1.42860682030941723212e-6;
  static constexpr double shift = 6755399441055744.0 + 1023.0;
  static constexpr std::array polynomial = {2.500006091337583834185e-8,
                                            2.763024836611496504416e-7,
                                            2.755758637599077383431e-6,
                                            2.480149309894754434272e-5,
                                            1.984126950657639673355e-4,
                                            1.388888894363006984669e-3,
                                            8.333333333494462609301e-3,
                                            4.166666666653015876019e-2,
                                            0.1666666666666641252156,
                                            0.5000000000000010627112,
                                            1.0,
                                            1.0};
};

/// exp(x) for lowest <= x <= highest, or NaN. What is made of it may be rounded to Stored.
template <class Stored = void, class P>
KOKKOS_FORCEINLINE_FUNCTION P exponential_within(P x) {
#ifdef __CUDA_ARCH__
  if constexpr (is_quick<Stored, P>) return quick_exponential(x);
#endif
  using T = Element<P>;
  using C = ExponentialConstants<T>;
  using Bits = Rebound<typename C::Bits, P>;
  const P shifted = multiply_add(x, P(T(1.44269504088896340736)), P(C::shift));  // the low bits are n + bias
  const P n = shifted - C::shift;
  const P r = multiply_add(n, P(-C::ln2_low), multiply_add(n, P(-C::ln2_high), x));
  constexpr auto terms = C::polynomial;
  P polynomial = terms[0];
#pragma GCC unroll 16
  for (std::size_t k = 1; k < terms.size(); ++k) polynomial = multiply_add(polynomial, r, P(terms[k]));
  return polynomial * std::bit_cast<P>(static_cast<Bits>(std::bit_cast<Bits>(shifted) << C::mantissa));
}

/// exp(x) for x <= 0, or a little more, or NaN.
template <class Stored = void, class P>
KOKKOS_FORCEINLINE_FUNCTION P falling_exponential(P x) {
  return exponential_within<Stored>(larger(P(ExponentialConstants<Element<P>>::lowest), x));
}

template <class P>
KOKKOS_FORCEINLINE_FUNCTION P exponential(P x) {
  return falling_exponential(smaller(P(ExponentialConstants<Element<P>>::highest), x));
}

}  // namespace heddle::kernels
