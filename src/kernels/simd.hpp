// A pack of numbers and what is computed with it, one source for host and device. On the host a pack is the
// widest vector register of the machine (std::experimental::simd, Parallelism TS 2, N4808). On a device it is
// one number where a tile is computed, and a ShortVector (short_vector.hpp) where rows stream through a kernel.
//
// Kokkos::Experimental::simd takes the place of the standard's where the Kokkos has it: only this
// file would change.
#pragma once

#include <bit>
#include <cmath>
#include <type_traits>

#include "kokkos_compat.hpp"

// AVX without AVX2 has wide packs of numbers and narrow ones of integers, which do not go together.
#if __has_include( \
    <experimental/simd>) && (defined(__AVX2__) || !defined(__AVX__)) && !defined(KOKKOS_ENABLE_CUDA) && !defined(KOKKOS_ENABLE_HIP) && \
    !defined(KOKKOS_ENABLE_SYCL) && !defined(HEDDLE_DEVICE_PACKS)
#include <experimental/simd>
#ifdef __FMA__
#include <immintrin.h>
#endif
#define HEDDLE_HAVE_PACKS
#endif

namespace heddle::kernels {

template <class P>
struct PackTraits {
  using Element = P;
  template <class T>
  using Rebound = T;
};
/// The type of a pack's numbers.
template <class P>
using Element = PackTraits<P>::Element;
/// A pack of T with as many elements as the pack P.
template <class T, class P>
using Rebound = PackTraits<P>::template Rebound<T>;

#ifdef HEDDLE_HAVE_PACKS
namespace stdx = std::experimental;

template <class T>
using Pack = stdx::native_simd<T>;
template <class T>
inline constexpr int pack_width = static_cast<int>(Pack<T>::size());

template <class P>
concept NativePack = stdx::is_simd_v<P>;

template <NativePack P>
struct PackTraits<P> {
  using Element = P::value_type;
  template <class T>
  using Rebound = stdx::rebind_simd_t<T, P>;
};

template <NativePack P>
KOKKOS_FORCEINLINE_FUNCTION P select(typename P::mask_type condition, P yes, P no) {
  where(condition, no) = yes;
  return no;
}
#pragma GCC diagnostic \
    push  // GCC 12 warns of what is undefined by design in its own avx512fintrin.h (bug 105593)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
template <class To, NativePack P>
KOKKOS_FORCEINLINE_FUNCTION Rebound<To, P> convert(P x) {
  return stdx::static_simd_cast<Rebound<To, P>>(x);
}
template <NativePack P>
KOKKOS_FORCEINLINE_FUNCTION P square_root(P x) {
  return stdx::sqrt(x);
}
#pragma GCC diagnostic pop
/// The pack as the compiler's own vector, of which a choice between what is compared is one instruction;
/// stdx::max is one, too, but takes NaN for something that does not occur.
template <NativePack P>
KOKKOS_FORCEINLINE_FUNCTION auto vector_of(P x) {
  using Vector [[gnu::vector_size(sizeof(P))]] = Element<P>;
  return std::bit_cast<Vector>(x);
}
/// a b + c, rounded once where the processor has an instruction for that, twice where it has none. An a * b +
/// c is rounded once or twice as the compiler likes, here so and there so: what must have the same bits as
/// one number and as a pack, and under every flag, says which.
template <NativePack P>
KOKKOS_FORCEINLINE_FUNCTION P multiply_add(P a, P b, P c) {
#ifdef FP_FAST_FMAF
#ifdef __FMA__  // the instruction by its name: GCC 12 makes of stdx::fma a number after the other, here and there
  using T = Element<P>;
  const auto x = vector_of(a), y = vector_of(b), z = vector_of(c);
  if constexpr (std::is_same_v<T, float> && sizeof(P) == 32)
    return std::bit_cast<P>(_mm256_fmadd_ps(x, y, z));
  else if constexpr (std::is_same_v<T, double> && sizeof(P) == 32)
    return std::bit_cast<P>(_mm256_fmadd_pd(x, y, z));
#ifdef __AVX512F__
  else if constexpr (std::is_same_v<T, float> && sizeof(P) == 64)
    return std::bit_cast<P>(_mm512_fmadd_ps(x, y, z));
  else if constexpr (std::is_same_v<T, double> && sizeof(P) == 64)
    return std::bit_cast<P>(_mm512_fmadd_pd(x, y, z));
#endif
  else
#endif
    return stdx::fma(a, b, c);
#else
  return a * b + c;
#endif
}
/// b where it is larger than a, or NaN; else a.
template <NativePack P>
KOKKOS_FORCEINLINE_FUNCTION P larger(P a, P b) {
  const auto x = vector_of(a), y = vector_of(b);
  return std::bit_cast<P>(x > y ? x : y);
}
/// b where it is smaller than a, or NaN; else a.
template <NativePack P>
KOKKOS_FORCEINLINE_FUNCTION P smaller(P a, P b) {
  const auto x = vector_of(a), y = vector_of(b);
  return std::bit_cast<P>(x < y ? x : y);
}
template <NativePack P>
KOKKOS_FORCEINLINE_FUNCTION Element<P> total_of(P x) {
  return stdx::reduce(x);
}
template <NativePack P>
KOKKOS_FORCEINLINE_FUNCTION Element<P> largest_of(P x) {
  return stdx::hmax(x);
}

#else

template <class T>
using Pack = T;
template <class T>
inline constexpr int pack_width = 1;

#endif

// The same for one number.
template <class T>
requires std::is_arithmetic_v<T> KOKKOS_FORCEINLINE_FUNCTION T select(bool condition, T yes, T no) {
  return condition ? yes : no;
}
template <class To, class T>
requires std::is_arithmetic_v<T> KOKKOS_FORCEINLINE_FUNCTION To convert(T x) { return static_cast<To>(x); }
template <class T>
requires std::is_arithmetic_v<T> KOKKOS_FORCEINLINE_FUNCTION T square_root(T x) { return std::sqrt(x); }
template <class T>
requires std::is_arithmetic_v<T> KOKKOS_FORCEINLINE_FUNCTION T multiply_add(T a, T b, T c) {
#ifdef FP_FAST_FMAF
  return std::fma(a, b, c);
#else
  return a * b + c;
#endif
}
template <class T>
requires std::is_arithmetic_v<T> KOKKOS_FORCEINLINE_FUNCTION T total_of(T x) { return x; }
template <class T>
requires std::is_arithmetic_v<T> KOKKOS_FORCEINLINE_FUNCTION T largest_of(T x) { return x; }

template <class T>
requires std::is_arithmetic_v<T> KOKKOS_FORCEINLINE_FUNCTION T larger(T a, T b) { return a > b ? a : b; }
template <class T>
requires std::is_arithmetic_v<T> KOKKOS_FORCEINLINE_FUNCTION T smaller(T a, T b) { return a < b ? a : b; }

}  // namespace heddle::kernels
