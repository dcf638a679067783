// Products of small matrices that lie in cache: the inside of attention. Blocks of the result stay in
// registers; what a triangular matrix leaves zero is not multiplied. A factor may be stored as another type
// than the result, which is what is computed in; bf16 are multiplied in pairs where the right factor is one of
// pairs (factors.hpp).
#pragma once

#include <cstdint>
#include <type_traits>

#include "heddle/kernels/write.hpp"
#include "pair.hpp"

namespace heddle::kernels {

/// Factor (i, k) lies at data[i * row + k * column]: a matrix as it is, or its transpose. Two bf16 numbers that are
/// neighbours in memory are a pair, too: `column` is then 2.
template <class T>
struct Strided {
  const T* data;
  std::int64_t row, column;
};
template <class T>
Strided(const T*, std::int64_t, std::int64_t) -> Strided<T>;

/// Element (i, j), or factor, lies at data[i * row + j].
template <class T>
struct RowMajor {
  T* data;
  std::int64_t row;
};
template <class T>
RowMajor(T*, std::int64_t) -> RowMajor<T>;

/// What some rows of a product need: columns from `column` on, and [first, last) of the inner extent.
struct Part {
  std::int64_t column, first, last;
};

/// Rows and packs of columns of the block that fills the registers: 16 of 32 with AVX-512, 8 of 16 with AVX2.
#ifdef __AVX512F__
inline constexpr int register_rows = 8;
#else
inline constexpr int register_rows = 4;
#endif
inline constexpr int register_packs = on_host ? 2 : 4;

/// c (Rows x Packs of columns) = or += a b, whose inner extent is `depth` factors; `at` is a Place of c's first pack.
template <Write write, int Rows, int Packs, class A, class B, class T, class At>
KOKKOS_FORCEINLINE_FUNCTION void multiply_block(std::int64_t depth, Strided<A> a, RowMajor<B> b,
                                                RowMajor<T> c, At at) {
  using F = std::conditional_t<is_pair<B>, Pair, T>;
  constexpr int width = pack_width<T>;
  Pack<T> total[Rows][Packs];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < Packs; ++j) total[i][j] = Pack<T>(T(0));
  const A* left[Rows];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) left[i] = a.data + i * a.row;
  const B* right = b.data;
  std::int64_t inner = 0;
  for (std::int64_t k = 0; k < depth; ++k, inner += a.column, right += b.row) {
    Pack<F> packs[Packs];
#pragma GCC unroll 4
    for (int j = 0; j < Packs; ++j) packs[j] = at.template of<F>().load(right + j * width);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const Pack<F> factor(left_factor<F>(left[i] + inner));
#pragma GCC unroll 4
      for (int j = 0; j < Packs; ++j) total[i][j] = add_product<T>(total[i][j], factor, packs[j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < Packs; ++j) {
      T* row = c.data + i * c.row + j * width;
      at.store(row, write == Write::accumulate ? at.load(row) + total[i][j] : total[i][j]);
    }
}

/// Rows rows of c from column `j` on, in blocks of packs and then of one.
template <Write write, int Rows, class A, class B, class T>
KOKKOS_INLINE_FUNCTION void multiply_rows(std::int64_t columns, Part part, Strided<A> a, RowMajor<B> b,
                                          RowMajor<T> c) {
  constexpr int width = pack_width<T>, block = register_packs * width;
  constexpr std::int64_t numbers = numbers_in<B>;
  const std::int64_t first = part.first / numbers, depth = (part.last + numbers - 1) / numbers - first;
  const Strided<A> left{a.data + first * a.column, a.row, a.column};
  const RowMajor<B> right{b.data + first * b.row, b.row};
  std::int64_t j = part.column;
  for (; j + block <= columns; j += block)
    multiply_block<write, Rows, register_packs>(depth, left, right, c, Place<T>{j});
  for (; j + width <= columns; j += width) multiply_block<write, Rows, 1>(depth, left, right, c, Place<T>{j});
#ifdef HEDDLE_HAVE_PACKS
  if (j < columns)
    multiply_block<write, Rows, 1>(depth, left, right, c, LastPlace<T>{j, static_cast<int>(columns - j)});
#endif
}

/// c (rows x columns) = or += a b, blocks of rows shared by the team. `part(i)` says what a block of at most
/// register_rows rows that begins at i needs. The team must meet (team_barrier) before it reads c.
template <Write write, class A, class B, class T, class F>
KOKKOS_INLINE_FUNCTION void multiply(const Team& team, std::int64_t rows, std::int64_t columns, Strided<A> a,
                                     RowMajor<B> b, RowMajor<T> c, const F& part) {
  const std::int64_t whole = rows / register_rows, rest = rows % register_rows;
  each_task(
      team, whole + rest,
      [&](std::int64_t task) __attribute__((always_inline)) {  // strides that are constants stay constants
        const std::int64_t i = task < whole ? task * register_rows : whole * register_rows + (task - whole);
        const Strided<A> left{a.data + i * a.row, a.row, a.column};
        const RowMajor<T> result{c.data + i * c.row, c.row};
        if (task < whole)
          multiply_rows<write, register_rows>(columns, part(i), left, b, result);
        else
          multiply_rows<write, 1>(columns, part(i), left, b, result);
      });
}

}  // namespace heddle::kernels
