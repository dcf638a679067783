// Explicit vector code for the rows of tensors. A kernel writes its body once, for the place of a pack; the
// loops walk whole packs and then the rest of a row:
//
//   each_pack<T>(team, n, [&](auto at) { at.store(y, at.load(x) * at.load(weight)); });
//
// T is what is computed in; x and y may be stored as another type.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "rows.hpp"
#include "simd.hpp"

namespace heddle::kernels {

/// The bits of a row of bf16.
KOKKOS_FORCEINLINE_FUNCTION const std::uint16_t* bits_of(const BFloat16* row) { return &row->bits; }
KOKKOS_FORCEINLINE_FUNCTION std::uint16_t* bits_of(BFloat16* row) { return &row->bits; }

#ifdef HEDDLE_HAVE_PACKS
/// How numbers of U lie in a pack that is loaded or stored.
template <class U>
using Lanes = std::conditional_t<std::is_same_v<U, BFloat16>, std::uint16_t, U>;

/// Where the lanes of a row begin.
template <class U>
KOKKOS_FORCEINLINE_FUNCTION auto lanes_of(U* row) {
  if constexpr (std::is_same_v<std::remove_const_t<U>, BFloat16>)
    return bits_of(row);
  else
    return row;
}

/// Numbers of U, as they lie in a row, as a pack of T.
template <class T, class U, class P>
KOKKOS_FORCEINLINE_FUNCTION Pack<T> unpacked(P x) {
  if constexpr (std::is_same_v<U, BFloat16>) {
    const auto high = convert<std::uint32_t>(x) << 16;
    return convert<T>(std::bit_cast<Rebound<float, P>>(high));
  } else {
    return convert<T>(x);
  }
}

/// fp32 numbers rounded as bfloat16 is, which the processor may have an instruction for.
template <class P>
KOKKOS_FORCEINLINE_FUNCTION auto rounded_to_bfloat16(P x) {
#if defined(__AVX512BF16__) && defined(__AVX512VL__)
  if constexpr (sizeof(P) == 64)
    return std::bit_cast<Rebound<std::uint16_t, P>>(_mm512_cvtneps_pbh(std::bit_cast<__m512>(x)));
  else if constexpr (sizeof(P) == 32)
    return std::bit_cast<Rebound<std::uint16_t, P>>(_mm256_cvtneps_pbh(std::bit_cast<__m256>(x)));
  else
#endif
  {
    using Bits = Rebound<std::uint32_t, P>;
    const auto bits = std::bit_cast<Bits>(x);
    const auto nearest = (bits + Bits(0x7fff) + (bits >> 16 & Bits(1))) >> 16;
    const auto number = select((bits & Bits(0x7f800000)) == Bits(0), bits >> 16 & Bits(0x8000), nearest);
    return convert<std::uint16_t>(
        select((bits & Bits(0x7fffffff)) > Bits(0x7f800000), bits >> 16 | Bits(0x40), number));
  }
}

/// A pack as numbers of U lie in a row.
template <class U, class P>
KOKKOS_FORCEINLINE_FUNCTION auto packed(P x) {
  if constexpr (std::is_same_v<U, BFloat16>)
    return rounded_to_bfloat16(convert<float>(x));
  else
    return convert<U>(x);
}
#endif

/// A whole pack, elements [i, i + pack_width<T>) of a row. Numbers of another type are converted on the way.
template <class T>
struct Place {
  std::int64_t i;

  /// The same place of a row of as many numbers of another type.
  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION Place<U> of() const {
    return {i};
  }

  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION Pack<T> load(const U* row) const {
#ifdef HEDDLE_HAVE_PACKS
    return unpacked<T, U>(Rebound<Lanes<U>, Pack<T>>(lanes_of(row + i), stdx::element_aligned));
#else
    return static_cast<T>(row[i]);
#endif
  }
  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION void store(U* row, Pack<T> x) const {
#ifdef HEDDLE_HAVE_PACKS
    packed<U>(x).copy_to(lanes_of(row + i), stdx::element_aligned);
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
  KOKKOS_FORCEINLINE_FUNCTION LastPlace<U> of() const {
    return {i, count};
  }

  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION auto mask() const {
    using P = Rebound<U, Pack<T>>;
    return P([](auto k) { return static_cast<U>(int(k)); }) < P(static_cast<U>(count));
  }
  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION Pack<T> load(const U* row) const {
    Rebound<Lanes<U>, Pack<T>> x = Lanes<U>(0);
    where(mask<Lanes<U>>(), x).copy_from(lanes_of(row + i), stdx::element_aligned);
    return unpacked<T, U>(x);
  }
  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION void store(U* row, Pack<T> x) const {
    const auto lanes = packed<U>(x);
    where(mask<Lanes<U>>(), lanes).copy_to(lanes_of(row + i), stdx::element_aligned);
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
