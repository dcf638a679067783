// Some numbers that one lane of a device loads, computes and stores together, with the operations of the host's packs
// (simd.hpp). All loops are over `n`, which is small and known, so that the numbers stay in registers.
#pragma once

#include <cstdint>

#include "heddle/base/bfloat16.hpp"
#include "simd.hpp"

#ifdef __CUDACC__
#include <cuda_bf16.h>
#endif

namespace heddle::kernels {

template <class T, int n>
struct ShortVector {
  T number[n];

  ShortVector() = default;
  KOKKOS_FORCEINLINE_FUNCTION ShortVector(T x) {
    for (T& each : number) each = x;
  }

  KOKKOS_FORCEINLINE_FUNCTION friend ShortVector operator+(ShortVector a, ShortVector b) {
    return by_number([](T x, T y) { return x + y; }, a, b);
  }
  KOKKOS_FORCEINLINE_FUNCTION friend ShortVector operator-(ShortVector a, ShortVector b) {
    return by_number([](T x, T y) { return x - y; }, a, b);
  }
  KOKKOS_FORCEINLINE_FUNCTION friend ShortVector operator*(ShortVector a, ShortVector b) {
    return by_number([](T x, T y) { return x * y; }, a, b);
  }
  KOKKOS_FORCEINLINE_FUNCTION friend ShortVector operator/(ShortVector a, ShortVector b) {
    return by_number([](T x, T y) { return x / y; }, a, b);
  }
  KOKKOS_FORCEINLINE_FUNCTION friend ShortVector operator|(ShortVector a, ShortVector b) {
    return by_number([](T x, T y) { return x | y; }, a, b);
  }
  KOKKOS_FORCEINLINE_FUNCTION friend ShortVector operator<<(ShortVector a, int bits) {
    return by_number([bits](T x) { return x << bits; }, a);
  }
  KOKKOS_FORCEINLINE_FUNCTION friend ShortVector& operator+=(ShortVector& a, ShortVector b) {
    return a = a + b;
  }
};

template <class T, int n>
struct PackTraits<ShortVector<T, n>> {
  using Element = T;
  template <class U>
  using Rebound = ShortVector<U, n>;
};

/// f of the first numbers, of the second ones, and so on.
template <class F, class T, int n, class... More>
KOKKOS_FORCEINLINE_FUNCTION auto by_number(const F& f, const ShortVector<T, n>& first,
                                           const ShortVector<More, n>&... more) {
  ShortVector<decltype(f(first.number[0], more.number[0]...)), n> result;
  for (int k = 0; k < n; ++k) result.number[k] = f(first.number[k], more.number[k]...);
  return result;
}
template <class F, class T, class... More>
requires std::is_arithmetic_v<T> KOKKOS_FORCEINLINE_FUNCTION auto by_number(const F& f, T first,
                                                                            More... more) {
  return f(first, more...);
}

/// fp32 as bf16, rounded to the nearest, a tie to the even one. A device has an instruction for two: it keeps numbers
/// that are smaller than any normal one, which the host's makes zero.
template <int n>
KOKKOS_FORCEINLINE_FUNCTION ShortVector<BFloat16, n> rounded_to_bfloat16(const ShortVector<float, n>& x) {
#ifdef __CUDA_ARCH__
  if constexpr (n % 2 == 0) {
    ShortVector<BFloat16, n> result;
    for (int k = 0; k < n; k += 2) {
      const __nv_bfloat162 two = __floats2bfloat162_rn(x.number[k], x.number[k + 1]);
      result.number[k].bits = __bfloat16_as_ushort(two.x);
      result.number[k + 1].bits = __bfloat16_as_ushort(two.y);
    }
    return result;
  }
#endif
  return by_number([](float each) { return BFloat16(each); }, x);
}

/// Numbers as a weight is made of its master, host and device alike.
template <class P>
KOKKOS_FORCEINLINE_FUNCTION auto nearest_bfloat16(const P& masters) {
  return by_number([](auto x) { return BFloat16::nearest(static_cast<float>(x)); }, masters);
}

template <class To, class T, int n>
KOKKOS_FORCEINLINE_FUNCTION ShortVector<To, n> convert(const ShortVector<T, n>& x) {
  if constexpr (std::is_same_v<To, T>)
    return x;
  else if constexpr (std::is_same_v<To, BFloat16>)
    return rounded_to_bfloat16(convert<float>(x));
  else
    return by_number([](T each) { return static_cast<To>(each); }, x);
}
template <class T, int n>
KOKKOS_FORCEINLINE_FUNCTION ShortVector<T, n> square_root(const ShortVector<T, n>& x) {
  return by_number([](T each) { return square_root(each); }, x);
}
template <class T, int n>
KOKKOS_FORCEINLINE_FUNCTION ShortVector<T, n> multiply_add(const ShortVector<T, n>& a,
                                                           const ShortVector<T, n>& b,
                                                           const ShortVector<T, n>& c) {
  return by_number([](T x, T y, T z) { return multiply_add(x, y, z); }, a, b, c);
}
template <class T, int n>
KOKKOS_FORCEINLINE_FUNCTION ShortVector<T, n> larger(const ShortVector<T, n>& a, const ShortVector<T, n>& b) {
  return by_number([](T x, T y) { return larger(x, y); }, a, b);
}
template <class T, int n>
KOKKOS_FORCEINLINE_FUNCTION ShortVector<T, n> smaller(const ShortVector<T, n>& a,
                                                      const ShortVector<T, n>& b) {
  return by_number([](T x, T y) { return smaller(x, y); }, a, b);
}

/// All numbers joined two by two: a chain as long as the logarithm of n.
template <class T, int n, class Join>
KOKKOS_FORCEINLINE_FUNCTION T joined(ShortVector<T, n> x, const Join& join) {
  static_assert((n & (n - 1)) == 0);
  for (int half = n / 2; half > 0; half /= 2)
    for (int k = 0; k < half; ++k) x.number[k] = join(x.number[k], x.number[k + half]);
  return x.number[0];
}
template <class T, int n>
KOKKOS_FORCEINLINE_FUNCTION T total_of(const ShortVector<T, n>& x) {
  return joined(x, [](T a, T b) { return a + b; });
}
template <class T, int n>
KOKKOS_FORCEINLINE_FUNCTION T largest_of(const ShortVector<T, n>& x) {
  return joined(x, [](T a, T b) { return larger(b, a); });
}

}  // namespace heddle::kernels
