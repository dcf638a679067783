// Turns a block of rows so that neighbours in a column become neighbours in memory.
#pragma once

#include <cstdint>
#include <utility>

#include "pack.hpp"

namespace heddle::kernels {

#ifdef HEDDLE_HAVE_PACKS
/// The first half of a and of b, or the second, element by element in turn.
template <int half, class T, std::size_t... I>
KOKKOS_FORCEINLINE_FUNCTION Pack<T> interleave(Pack<T> a, Pack<T> b, std::index_sequence<I...>) {
  constexpr int width = pack_width<T>;
  using Vector [[gnu::vector_size(sizeof(T) * sizeof...(I))]] = T;
  return std::bit_cast<Pack<T>>(
      __builtin_shufflevector(std::bit_cast<Vector>(a), std::bit_cast<Vector>(b),
                              (half * width / 2 + static_cast<int>(I / 2) + (I % 2 ? width : 0))...));
}

/// A square of packs: interleaving packs that lie half the square apart turns it, after log2(width) rounds.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION void turn(Pack<T> (&x)[pack_width<T>]) {
  constexpr int width = pack_width<T>;
  constexpr auto each_element = std::make_index_sequence<width>{};
  for (int round = 1; round < width; round *= 2) {
    Pack<T> next[width];
    for (int i = 0; i < width / 2; ++i) {
      next[2 * i] = interleave<0, T>(x[i], x[i + width / 2], each_element);
      next[2 * i + 1] = interleave<1, T>(x[i], x[i + width / 2], each_element);
    }
    for (int i = 0; i < width; ++i) x[i] = next[i];
  }
}

/// As `load_transposed`, for whole squares: `columns` a multiple of the pack's width.
template <class T, class Rows>
KOKKOS_INLINE_FUNCTION void turn_squares(std::int64_t rows, std::int64_t columns, const Rows& from, T* to,
                                         std::int64_t to_stride) {
  constexpr int width = pack_width<T>;
  for (std::int64_t i = 0; i < rows; i += width)
    for (std::int64_t d = 0; d < columns; d += width) {
      Pack<T> x[width];
      for (int k = 0; k < width; ++k) x[k] = i + k < rows ? from.pack(i + k, Place<T>{d}) : Pack<T>(T(0));
      turn<T>(x);
      for (int k = 0; k < width; ++k) Place<T>{i}.store(to + (d + k) * to_stride, x[k]);
    }
}
#endif

/// Columns of a block of rows rounded up to whole packs, and to pairs where a pack is one number.
template <class T>
KOKKOS_INLINE_FUNCTION std::int64_t padded(std::int64_t rows) {
  constexpr std::int64_t unit = pack_width < T >> 1 ? pack_width<T> : 2;
  return (rows + unit - 1) / unit * unit;
}

/// to[d, i] = from[i, d] for i < rows, and 0 up to padded(rows). `from` knows a row's numbers one by one and in packs.
template <class T, class Rows>
KOKKOS_INLINE_FUNCTION void load_transposed(const Team& team, std::int64_t rows, std::int64_t columns,
                                            const Rows& from, T* to, std::int64_t to_stride) {
  std::int64_t first = 0;
#ifdef HEDDLE_HAVE_PACKS
  first = columns / pack_width<T> * pack_width<T>;
  turn_squares(rows, first, from, to, to_stride);
#endif
  each_task(team, padded<T>(rows), [&](std::int64_t i) {
    for (std::int64_t d = first; d < columns; ++d)
      to[d * to_stride + i] = i < rows ? from.number(i, d) : T(0);
  });
}

}  // namespace heddle::kernels
