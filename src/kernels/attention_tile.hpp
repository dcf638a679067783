// What attention and its gradient share: one head of one sample, cut into blocks of queries and of keys.
// A tile is [keys, queries], so that the softmax over keys is vectorised over queries and needs no horizontal
// sum.
#pragma once

#include <cmath>
#include <cstdint>

#include "exponential.hpp"
#include "heddle/kernels/attention.hpp"
#include "mask.hpp"
#include "tile.hpp"

namespace heddle::kernels {

/// Queries, and keys, of one tile; a tile's row has room for so many queries.
inline constexpr std::int64_t tile_size = on_host ? 64 : 32;

/// The sizes of a call, and where its dropout mask lies.
struct AttentionCall {
  std::int64_t samples, sequence, heads, dim;
  double scale;
  Mask mask;
  std::int64_t first_row, first_head, total_heads;

  KOKKOS_INLINE_FUNCTION std::int64_t blocks() const { return (sequence + tile_size - 1) / tile_size; }
  /// From one row to the next in qkv [R, 3, H, D] and in out [R, H, D].
  KOKKOS_INLINE_FUNCTION std::int64_t qkv_row() const { return 3 * heads * dim; }
  KOKKOS_INLINE_FUNCTION std::int64_t out_row() const { return heads * dim; }
  /// Where (row, head) begins in qkv's queries (part 0), keys (1) or values (2).
  KOKKOS_INLINE_FUNCTION std::int64_t qkv_at(std::int64_t row, int part, std::int64_t head) const {
    return row * qkv_row() + (part * heads + head) * dim;
  }
  KOKKOS_INLINE_FUNCTION std::int64_t out_at(std::int64_t row, std::int64_t head) const {
    return row * out_row() + head * dim;
  }
  /// Index in the mask of key 0 for (row, head).
  KOKKOS_INLINE_FUNCTION std::uint64_t mask_at(std::int64_t row, std::int64_t head) const {
    return static_cast<std::uint64_t>(((first_row + row) * total_heads + first_head + head) * sequence);
  }
  /// How many of a block's tile_size places the sequence fills.
  KOKKOS_INLINE_FUNCTION std::int64_t filled(std::int64_t block) const {
    const std::int64_t rest = sequence - block * tile_size;
    return rest < tile_size ? rest : tile_size;
  }
};

/// Checks the shapes of qkv [R, 3, H, D] and logsumexp [R, H] against each other.
AttentionCall attention_call(const Tensor& qkv, const Tensor& out, const Tensor& logsumexp,
                             std::int64_t sequence, double scale, const AttentionDropout& dropout);

/// Queries of a tile rounded up to whole vectors; what is computed for the extra ones is never used.
KOKKOS_INLINE_FUNCTION std::int64_t padded(std::int64_t queries) { return (queries + 15) / 16 * 16; }

/// to[d, i] = from[i, d] for i < rows, and 0 up to the padded width; to's rows are tile_size long.
template <class T>
KOKKOS_INLINE_FUNCTION void load_transposed(const Team& team, std::int64_t rows, std::int64_t dim,
                                            const T* from, std::int64_t stride, T* to) {
  each_task(team, padded(rows), [&](std::int64_t i) {
    for (std::int64_t d = 0; d < dim; ++d) to[d * tile_size + i] = i < rows ? from[i * stride + d] : T(0);
  });
}

/// kept[key, query] = the mask's factors of a tile, whose first query is `row` of the call.
template <class T>
KOKKOS_INLINE_FUNCTION void load_mask(const Team& team, const AttentionCall& call, std::int64_t row,
                                      std::int64_t queries, std::int64_t head, std::int64_t first_key,
                                      std::int64_t keys, T* kept) {
  for (std::int64_t i = 0; i < queries; ++i) {
    const std::uint64_t first = call.mask_at(row + i, head) + static_cast<std::uint64_t>(first_key);
    each_masked<T>(team, call.mask, first, keys,
                   [&](std::int64_t j, T factor) { kept[j * tile_size + i] = factor; });
  }
}

}  // namespace heddle::kernels
