// How numbers take part in the products of tiles: each for itself, or two neighbours along the index that is summed
// over as a pair. A matrix on the left has its pairs where they lie if they are neighbours in memory; one on the right is
// laid out anew, a pair of rows as a row of pairs.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "pack.hpp"
#include "tile.hpp"
#include "transpose.hpp"

namespace heddle::kernels {

/// From one factor to the next of a row that lies in memory as numbers of T.
template <class F, class T>
inline constexpr std::int64_t numbers_apart = is_pair<F> && !is_pair<T> ? 2 : 1;

/// What is stored of a result that goes on as a left factor.
template <class F>
using StoredFactor = std::conditional_t<is_pair<F>, BFloat16, F>;

/// Rows from `data` on as a left factor whose rows are summed over.
template <class F, class T>
KOKKOS_INLINE_FUNCTION Strided<T> rows_of(const T* data, std::int64_t row) {
  return {data, row, numbers_apart<F, T>};
}

/// first + 65536 second, of the bits of bf16 numbers: one pair, or packs of them.
template <class P>
KOKKOS_FORCEINLINE_FUNCTION P paired(P first, P second) {
  return first | second << 16;
}

/// The factors of packs of numbers: `first`, or pairs of it, rounded to bf16, and of what `second` gives.
template <class F, class P, class Second>
KOKKOS_FORCEINLINE_FUNCTION auto factor_of(P first, [[maybe_unused]] const Second& second) {
  if constexpr (!is_pair<F>) return first;
#ifdef HEDDLE_HAVE_PACKS
  else
    return paired(convert<Pair>(rounded_to_bfloat16(first)), convert<Pair>(rounded_to_bfloat16(second())));
#else
  else
    return paired<Pair>(BFloat16(first).bits, BFloat16(second()).bits);
#endif
}

/// Rows of numbers to `room` as pairs of rows [(rows + 1) / 2, columns], for `summed_rows`; the row that is missing to
/// an odd one is 0. Nothing where F is no pair.
template <class F, class T>
KOKKOS_INLINE_FUNCTION void pair_rows(const Team& team, std::int64_t rows, std::int64_t columns,
                                      const T* from, std::int64_t row, F* room) {
  if constexpr (is_pair<F>)
    for (std::int64_t i = 0; i < rows; i += 2)
      each_pack<Pair>(team, columns, [&](auto at) {
        const auto first = at.load(bits_of(from + i * row));
        auto second = decltype(first)(Pair(0));
        if (i + 1 < rows) second = at.load(bits_of(from + (i + 1) * row));
        at.store(room + i / 2 * columns, paired(first, second));
      });
}

/// A block of rows as a right factor, which is summed over its rows: where it lies, or as pairs in `room`.
template <class F, class T>
KOKKOS_INLINE_FUNCTION auto summed_rows(const T* from, std::int64_t row, const F* room,
                                        std::int64_t columns) {
  if constexpr (is_pair<F>)
    return RowMajor<const F>{room, columns};
  else
    return RowMajor<const T>{from, row};
}

/// Numbers of rows times a factor, to be transposed.
template <class T, class U>
struct ScaledRows {
  T factor;
  const U* from;
  std::int64_t row;

  template <class At>
  KOKKOS_FORCEINLINE_FUNCTION Pack<T> pack(std::int64_t i, At at) const {
    return factor * at.load(from + i * row);
  }
  KOKKOS_FORCEINLINE_FUNCTION T number(std::int64_t i, std::int64_t d) const {
    return factor * from[i * row + d];
  }
};

/// Neighbours in rows as pairs, to be transposed.
struct PairedRows {
  const BFloat16* from;
  std::int64_t row;

#ifdef HEDDLE_HAVE_PACKS
  template <class At>
  KOKKOS_FORCEINLINE_FUNCTION Pack<Pair> pack(std::int64_t i, At at) const {
    return std::bit_cast<Pack<Pair>>(
        Pack<std::uint16_t>(bits_of(from + i * row + 2 * at.i), stdx::element_aligned));
  }
#endif
  KOKKOS_FORCEINLINE_FUNCTION Pair number(std::int64_t i, std::int64_t d) const {
    return left_factor<Pair>(from + i * row + 2 * d);
  }
};

/// to[d, i] = the d-th factor of row i of a block [rows, columns] that is summed over its columns, 0 up to
/// padded(rows). Numbers are multiplied by `scale`; pairs stay as they are.
template <class F, class T>
KOKKOS_INLINE_FUNCTION void load_transposed_factors(const Team& team, std::int64_t rows, std::int64_t columns,
                                                    [[maybe_unused]] double scale, const T* from,
                                                    std::int64_t row, F* to, std::int64_t to_row) {
  if constexpr (is_pair<F>)
    load_transposed(team, rows, columns / 2, PairedRows{from, row}, to, to_row);
  else
    load_transposed(team, rows, columns, ScaledRows<F, T>{static_cast<F>(scale), from, row}, to, to_row);
}

}  // namespace heddle::kernels
