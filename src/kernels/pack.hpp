// Explicit vector code for the rows of tensors. A kernel writes its body once, for the place of a pack; the
// loops walk whole packs and then the rest of a row:
//
//   each_pack<T>(team, n, [&](auto at) { at.store(y, at.load(x) * at.load(weight)); });
//
// T is what most of the memory is stored as; what is computed in is Compute<T>, or said behind it. What lies there as
// another type is converted on its way. On a device a lane takes as many numbers at a time as 16 bytes of T hold.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "rows.hpp"
#include "simd.hpp"
#include "vector_place.hpp"

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

/// One element of a row.
template <class T>
struct OnePlace {
  std::int64_t i;

  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION OnePlace<U> of() const {
    return {i};
  }
  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION T load(const U* row) const {
    return static_cast<T>(row[i]);
  }
  template <class U, class V>
  KOKKOS_FORCEINLINE_FUNCTION void store(U* row, V x) const {
    row[i] = static_cast<U>(x);
  }
};

#ifdef HEDDLE_HAVE_PACKS
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
    return unpacked<T, U>(Rebound<Lanes<U>, Pack<T>>(lanes_of(row + i), stdx::element_aligned));
  }
  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION void store(U* row, Pack<T> x) const {
    packed<U>(x).copy_to(lanes_of(row + i), stdx::element_aligned);
  }
};

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
#else
template <class T>
using Place = OnePlace<T>;
#endif

/// A device's packs that cover n elements.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION std::int64_t vectors_over(std::int64_t n) {
  return (n + vector_width<T> - 1) / vector_width<T>;
}
/// The i-th of them, f(place), the last one with `neutral` behind its end.
template <class T, class C, class F>
KOKKOS_FORCEINLINE_FUNCTION auto filled_pack(std::int64_t i, std::int64_t n, C neutral, const F& f) {
  constexpr int width = vector_width<T>;
  if ((i + 1) * width <= n) return f(VectorPlace<C, width>{i * width});
  const LastVectorPlace<C, width> last{i * width, static_cast<int>(n - i * width)};
  return last.kept(f(last), neutral);
}

#ifdef HEDDLE_HAVE_PACKS
/// f(place) for the packs of C that cover [0, n), shared by the workers. The f must not depend on each other.
template <class T, class C = Compute<T>, class Workers, class F>
KOKKOS_INLINE_FUNCTION void each_pack(const Workers&, std::int64_t n, const F& f) {
  std::int64_t i = 0;
  for (; i + pack_width<C> <= n; i += pack_width<C>) f(Place<C>{i});
  if (i < n) f(LastPlace<C>{i, static_cast<int>(n - i)});
}

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

/// The sum of the packs f(place) that cover [0, n), known to all workers.
template <class T, class C = Compute<T>, class Workers, class F>
KOKKOS_INLINE_FUNCTION C sum_packs(const Workers&, std::int64_t n, const F& f) {
  return total_of(fold_packs<C>(n, Pack<C>(0), f, [](Pack<C> a, Pack<C> b) { return a + b; }));
}

/// The largest element of the packs f(place) that cover [0, n), -infinity if n = 0, known to all workers.
template <class T, class C = Compute<T>, class Workers, class F>
KOKKOS_INLINE_FUNCTION C largest_packs(const Workers&, std::int64_t n, const F& f) {
  return largest_of(fold_packs<C>(n, Pack<C>(-std::numeric_limits<C>::infinity()), f,
                                  [](Pack<C> a, Pack<C> b) { return larger(b, a); }));
}
#else
template <class T, class C = Compute<T>, class Workers, class F>
KOKKOS_INLINE_FUNCTION void each_pack(const Workers& workers, std::int64_t n, const F& f) {
  constexpr int width = vector_width<T>;
  each_task(workers, n / width, [&](std::int64_t i) { f(VectorPlace<C, width>{i * width}); });
  const int rest = static_cast<int>(n % width);
  if (rest > 0) once(workers, [&] { f(LastVectorPlace<C, width>{n - rest, rest}); });
}

template <class T, class C = Compute<T>, class Workers, class F>
KOKKOS_INLINE_FUNCTION C sum_packs(const Workers& workers, std::int64_t n, const F& f) {
  return sum<C>(workers, vectors_over<T>(n),
                [&](std::int64_t i) { return total_of(filled_pack<T>(i, n, C(0), f)); });
}
#endif

/// f(place) for places that cover [0, n): as each_pack on a device; on the host of one element each, in a loop of which
/// the compiler makes vectors.
template <class T, class C = Compute<T>, class Workers, class F>
KOKKOS_INLINE_FUNCTION void each_place(const Workers& workers, std::int64_t n, const F& f) {
  if constexpr (on_host)
    each(workers, n, [&](std::int64_t i) { f(OnePlace<C>{i}); });
  else
    each_pack<T, C>(workers, n, f);
}

}  // namespace heddle::kernels
