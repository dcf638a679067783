// Explicit vector code, one source for host and device. On the host a pack is the widest vector register of
// the machine (std::experimental::simd, Parallelism TS 2, N4808); on a device it is one number, and the
// team's lanes are the vector. A kernel writes its body once, for the place of a pack; the loops walk whole
// packs and then the rest of a row:
//
//   each_pack<T>(team, n, [&](auto at) { at.store(y, at.load(x) * at.load(weight)); });
//
// Kokkos::Experimental::simd takes the place of the standard's where the Kokkos has it: only this
// file would change.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "rows.hpp"

// AVX without AVX2 has wide packs of numbers and narrow ones of integers, which do not go together.
#if __has_include( \
    <experimental/simd>) && (defined(__AVX2__) || !defined(__AVX__)) && !defined(KOKKOS_ENABLE_CUDA) && !defined(KOKKOS_ENABLE_HIP) && \
    !defined(KOKKOS_ENABLE_SYCL)
#include <experimental/simd>
#ifdef __FMA__
#include <immintrin.h>
#endif
#define HEDDLE_HAVE_PACKS
#endif

namespace heddle::kernels {

#ifdef HEDDLE_HAVE_PACKS
namespace stdx = std::experimental;

template <class T>
using Pack = stdx::native_simd<T>;
template <class T>
inline constexpr int pack_width = static_cast<int>(Pack<T>::size());

template <class P>
concept NativePack = stdx::is_simd_v<P>;

template <class P>
struct PackTraits {
  using Element = P;
  template <class T>
  using Rebound = T;
};
template <NativePack P>
struct PackTraits<P> {
  using Element = typename P::value_type;
  template <class T>
  using Rebound = stdx::rebind_simd_t<T, P>;
};
/// The type of a pack's numbers.
template <class P>
using Element = typename PackTraits<P>::Element;
/// A pack of T with as many elements as the pack P.
template <class T, class P>
using Rebound = typename PackTraits<P>::template Rebound<T>;

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
template <class T, class P>
using Rebound = T;

template <class P>
using Element = P;

#endif

// The same for one number, which is what a pack of a device is.
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

/// A whole pack, elements [i, i + pack_width<T>) of a row. Numbers of another type are converted on the way.
template <class T>
struct Place {
  std::int64_t i;

  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION Pack<T> load(const U* row) const {
#ifdef HEDDLE_HAVE_PACKS
    return convert<T>(Rebound<U, Pack<T>>(row + i, stdx::element_aligned));
#else
    return static_cast<T>(row[i]);
#endif
  }
  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION void store(U* row, Pack<T> x) const {
#ifdef HEDDLE_HAVE_PACKS
    convert<U>(x).copy_to(row + i, stdx::element_aligned);
#else
    row[i] = static_cast<U>(x);
#endif
  }
  /// x where the row has elements, else `otherwise`.
  KOKKOS_FORCEINLINE_FUNCTION Pack<T> kept(Pack<T> x, Pack<T>) const { return x; }
};

#ifdef HEDDLE_HAVE_PACKS
/// The first `count` elements of a pack, the end of a row; it loads 0 for the others and leaves them
/// as they are.
template <class T>
struct LastPlace {
  std::int64_t i;
  int count;

  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION auto mask() const {
    using P = Rebound<U, Pack<T>>;
    return P([](auto k) { return static_cast<U>(int(k)); }) < P(static_cast<U>(count));
  }
  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION Pack<T> load(const U* row) const {
    Rebound<U, Pack<T>> x = U(0);
    where(mask<U>(), x).copy_from(row + i, stdx::element_aligned);
    return convert<T>(x);
  }
  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION void store(U* row, Pack<T> x) const {
    const auto converted = convert<U>(x);
    where(mask<U>(), converted).copy_to(row + i, stdx::element_aligned);
  }
  KOKKOS_FORCEINLINE_FUNCTION Pack<T> kept(Pack<T> x, Pack<T> otherwise) const {
    return select(mask<T>(), x, otherwise);
  }
};
#endif

/// f(place) for the packs of T that cover [0, n), shared by the team. The f must not depend on each other.
template <class T, class F>
KOKKOS_INLINE_FUNCTION void each_pack([[maybe_unused]] const Team& team, std::int64_t n, const F& f) {
#ifdef HEDDLE_HAVE_PACKS
  std::int64_t i = 0;
  for (; i + pack_width<T> <= n; i += pack_width<T>) f(Place<T>{i});
  if (i < n) f(LastPlace<T>{i, static_cast<int>(n - i)});
#else
  each(team, n, [&](std::int64_t i) { f(Place<T>{i}); });
#endif
}

#ifdef HEDDLE_HAVE_PACKS
/// join over the packs f(place); four running results, since one would wait for each join before it.
template <class T, class F, class Join>
KOKKOS_FORCEINLINE_FUNCTION Pack<T> fold_packs(std::int64_t n, Pack<T> neutral, const F& f,
                                               const Join& join) {
  constexpr int width = pack_width<T>;
  Pack<T> result[4] = {neutral, neutral, neutral, neutral};
  std::int64_t i = 0;
  for (; i + 4 * width <= n; i += 4 * width)
    for (int k = 0; k < 4; ++k) result[k] = join(result[k], f(Place<T>{i + k * width}));
  for (; i + width <= n; i += width) result[0] = join(result[0], f(Place<T>{i}));
  if (i < n) {
    const LastPlace<T> last{i, static_cast<int>(n - i)};
    result[1] = join(result[1], last.kept(f(last), neutral));
  }
  return join(join(result[0], result[1]), join(result[2], result[3]));
}
#endif

/// The sum of the packs f(place) that cover [0, n), known to the whole team.
template <class T, class F>
KOKKOS_INLINE_FUNCTION T sum_packs([[maybe_unused]] const Team& team, std::int64_t n, const F& f) {
#ifdef HEDDLE_HAVE_PACKS
  return total_of(fold_packs<T>(n, Pack<T>(0), f, [](Pack<T> a, Pack<T> b) { return a + b; }));
#else
  return sum<T>(team, n, [&](std::int64_t i) { return f(Place<T>{i}); });
#endif
}

/// The largest element of the packs f(place) that cover [0, n), -infinity if n = 0, known to the whole team.
template <class T, class F>
KOKKOS_INLINE_FUNCTION T largest_packs([[maybe_unused]] const Team& team, std::int64_t n, const F& f) {
#ifdef HEDDLE_HAVE_PACKS
  return largest_of(fold_packs<T>(n, Pack<T>(-std::numeric_limits<T>::infinity()), f,
                                  [](Pack<T> a, Pack<T> b) { return larger(b, a); }));
#else
  return maximum<T>(team, n, [&](std::int64_t i) { return f(Place<T>{i}); });
#endif
}

}  // namespace heddle::kernels
