// exp in a form that compilers vectorise: Cody-Waite reduction to |r| <= ln(2)/2, a Taylor polynomial, and a
// power of two put together from bits. Error about 1 ulp; 0 where the result would be subnormal, infinity and
// NaN as exp.
#pragma once

#include <Kokkos_Core.hpp>
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

namespace heddle::kernels {

template <class T>
struct ExponentialConstants;

template <>
struct ExponentialConstants<float> {
  using Bits = std::uint32_t;
  static constexpr int degree = 7, mantissa = 23, bias = 127;
  static constexpr float lowest = -87.0f, highest = 88.8f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
};

template <>
struct ExponentialConstants<double> {
  using Bits = std::uint64_t;
  static constexpr int degree = 13, mantissa = 52, bias = 1023;
  static constexpr double lowest = -708.0, highest = 709.8, ln2_high = 6.93145751953125e-1,
                          ln2_low = 1.42860682030941723212e-6;
};

/// a b + c. Where there is an instruction for it, the compiler must not fold two reduction steps into one.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T multiply_add(T a, T b, T c) {
#if defined(__FMA__) || defined(__CUDA_ARCH__) || defined(__ARM_FEATURE_FMA)
  return std::fma(a, b, c);
#else
  return a * b + c;
#endif
}

/// exp(x) for lowest <= x <= highest, or NaN.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T exponential_within(T x) {
  using C = ExponentialConstants<T>;
  using Bits = typename C::Bits;
  const T n = std::floor(x * T(1.44269504088896340736) + T(0.5));
  const T r = multiply_add(-n, C::ln2_low, multiply_add(-n, C::ln2_high, x));
  T polynomial = 1;  // Horner: 1 + r/1 (1 + r/2 (1 + r/3 (...)))
#pragma GCC unroll 16
  for (int k = C::degree; k > 0; --k) polynomial = multiply_add(polynomial, r * T(1.0 / k), T(1));
  const Bits exponent = static_cast<Bits>(static_cast<std::int32_t>(n)) + Bits(C::bias);
  return polynomial * std::bit_cast<T>(static_cast<Bits>(exponent << C::mantissa));
}

/// x, or the nearer end of [low, high]; NaN stays.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T clamped(T x, T low, T high) {
  const T raised = x < low ? low : x;
  return raised > high ? high : raised;
}

template <class T>
KOKKOS_FORCEINLINE_FUNCTION T exponential(T x) {
  using C = ExponentialConstants<T>;
  const T result = exponential_within(clamped(x, T(C::lowest), T(C::highest)));
  return x < C::lowest ? T(0) : result;
}

}  // namespace heddle::kernels
