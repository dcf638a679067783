// What attention and its gradient share: one head of one sample, cut into blocks of queries and of
// keys. A tile is [keys, queries], so that the softmax over keys is vectorised over queries and needs
// no horizontal sum.
#pragma once

#include <cstdint>

#include "exponential.hpp"
#include "factors.hpp"
#include "heddle/base/fused_attention.hpp"
#include "heddle/kernels/attention.hpp"
#include "mask.hpp"

namespace heddle::kernels {

/// The sizes of a call, and where its dropout mask lies.
struct AttentionCall {
  std::int64_t samples, sequence, heads, dim;
  double scale;
  Mask mask;
  std::int64_t first_row, first_head, total_heads;

  /// Blocks of `size` places that cover a sequence, and how many places of the block at `first` it fills.
  KOKKOS_INLINE_FUNCTION std::int64_t blocks(std::int64_t size) const { return (sequence + size - 1) / size; }
  KOKKOS_INLINE_FUNCTION std::int64_t filled(std::int64_t first, std::int64_t size) const {
    return sequence - first < size ? sequence - first : size;
  }
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
};

/// f(T, F) for what is stored as T and multiplied as F: bf16 in pairs, if a head has pairs.
template <class Function>
void with_factors(DType stored, std::int64_t dim, const Function& f) {
  with_real(stored, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, BFloat16>)
      if (dim % 2 == 0) return f(zero, Pair());
    f(zero, Compute<T>());
  });
}

/// What scores of pairs, which are not scaled as they are loaded, are multiplied by before they are used.
template <class F, class P>
KOKKOS_FORCEINLINE_FUNCTION P scaled(P score, [[maybe_unused]] double scale) {
  if constexpr (is_pair<F>)
    return P(static_cast<Element<P>>(scale)) * score;
  else
    return score;
}

/// Checks the shapes of qkv [R, 3, H, D] and logsumexp [R, H] against each other.
AttentionCall attention_call(const Tensor& qkv, const Tensor& out, const Tensor& logsumexp,
                             std::int64_t sequence, double scale, const AttentionDropout& dropout);
/// The same call as a library is asked for it.
fused_attention::Call fused_call(const Tensor& qkv, std::int64_t sequence, const AttentionDropout& dropout);

/// One tile: `queries` x `keys` of head `head`, the first of each at these places of the sequence that begins
/// at row `sequence_row`. Its numbers lie at [key * stride + query].
template <class T>
struct Tile {
  /// What is computed or left out together: whole packs of queries, whole blocks of keys.
  static constexpr std::int64_t grain = pack_width<T> > register_rows ? pack_width<T> : register_rows;

  std::int64_t sequence_row, head, first_query, queries, first_key, keys, stride;

  KOKKOS_INLINE_FUNCTION std::int64_t query_row() const { return sequence_row + first_query; }
  KOKKOS_INLINE_FUNCTION std::int64_t key_row() const { return sequence_row + first_key; }
  /// The first query that sees a key, and that query's grain.
  KOKKOS_INLINE_FUNCTION std::int64_t first_seeing(std::int64_t key) const {
    const std::int64_t query = first_key + key - first_query;
    return query > 0 ? query : 0;
  }
  KOKKOS_INLINE_FUNCTION std::int64_t column(std::int64_t key) const {
    return first_seeing(key) / grain * grain;
  }
  /// How many keys the queries before `query` see.
  KOKKOS_INLINE_FUNCTION std::int64_t seen_before(std::int64_t query) const {
    const std::int64_t all = first_query + query - first_key;
    return all < keys ? all : keys;
  }
  /// How many keys some query of this one's grain sees, and how many all from this one on see.
  KOKKOS_INLINE_FUNCTION std::int64_t seen_by_some(std::int64_t query) const {
    return seen_before(query / grain * grain + grain);
  }
  KOKKOS_INLINE_FUNCTION std::int64_t seen_by_all(std::int64_t query) const { return seen_before(query + 1); }
};

/// 0, 1, 2, ...
template <class T>
KOKKOS_FORCEINLINE_FUNCTION Pack<T> counting() {
#ifdef HEDDLE_HAVE_PACKS
  return Pack<T>([](auto k) { return static_cast<T>(int(k)); });
#else
  return T(0);
#endif
}

/// x for the queries of a pack, the first of them at `query`, that see a key; else `otherwise`.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION Pack<T> where_seen(const Tile<T>& tile, std::int64_t key, std::int64_t query,
                                               Pack<T> x, Pack<T> otherwise) {
  return select(counting<T>() >= Pack<T>(static_cast<T>(tile.first_seeing(key) - query)), x, otherwise);
}

/// f(place) for the packs that a tile's queries fill, the last one perhaps in part.
template <class T, class F>
KOKKOS_INLINE_FUNCTION void each_query_pack(const Team& team, const Tile<T>& tile, const F& f) {
  each_task(team, padded<T>(tile.queries) / pack_width<T>,
            [&](std::int64_t pack) { f(Place<T>{pack * pack_width<T>}); });
}

/// kept[key, query] = the mask's factors of a tile, of what its queries see at least; of an odd number of queries, 0 for
/// the one that would make a pair with the last.
template <class T>
KOKKOS_INLINE_FUNCTION void load_mask(const Team& team, const AttentionCall& call, const Tile<T>& tile,
                                      T* kept) {
  const auto index = [&](std::int64_t i) {
    return call.mask_at(tile.query_row() + i, tile.head) + static_cast<std::uint64_t>(tile.first_key);
  };
  const T scale = static_cast<T>(call.mask.scale);
  const std::uint64_t key = call.mask.key, stream = call.mask.stream;
  const std::uint32_t threshold = call.mask.threshold;
  if (call.sequence % 4 != 0) {
    for (std::int64_t i = 0; i < tile.queries; ++i)
      each_drawn(team, key, stream, index(i), tile.keys, [&](std::int64_t j, std::uint32_t word) {
        kept[j * tile.stride + i] = word >= threshold ? scale : T(0);
      });
    if (tile.queries % 2 != 0)
      each(team, tile.keys, [&](std::int64_t j) { kept[j * tile.stride + tile.queries] = 0; });
    return;
  }
  const std::uint64_t first = index(0) / 4, step = index(1) / 4 - first;
  for (std::int64_t j = 0; j < tile.keys; j += 4) {  // four keys a draw, and every query's draw begins with j
    const std::int64_t column = tile.column(j), stride = tile.stride;
    T* row = kept + j * stride;
    each(team, tile.queries - column, [&](std::int64_t place) {
      const std::int64_t i = column + place;
      const std::uint64_t drawn_at =
          first + static_cast<std::uint64_t>(i) * step + static_cast<std::uint64_t>(j / 4);
      const Philox drawn = Philox::draw(key, stream, drawn_at);
      for (int k = 0; k < 4; ++k) row[k * stride + i] = drawn.word[k] >= threshold ? scale : T(0);
    });
  }
}

}  // namespace heddle::kernels
