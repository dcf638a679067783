#include "heddle/kernels/attention.hpp"

#include "attention_tile.hpp"

namespace heddle::kernels {
namespace {

/// A block of queries on its way over the keys: the online softmax (Milakov & Gimelshein, arXiv 1805.02867).
template <class T>
struct Running {
  T* queries;  ///< [dim, tile_size], transposed
  T* scores;   ///< [tile_size keys, tile_size queries], then probabilities times exp(largest)
  T* kept;     ///< the mask's factors, as scores
  T* result;   ///< [tile_size queries, dim]
  T *largest, *total, *factor;  ///< [tile_size]
};

constexpr std::int64_t scratch_numbers(std::int64_t dim) {
  return 2 * tile_size * tile_size + 2 * tile_size * dim + 3 * tile_size;
}

template <class T>
KOKKOS_INLINE_FUNCTION Running<T> begin(const Team& team, std::int64_t dim) {
  Running<T> at{take<T>(team, tile_size * dim),
                take<T>(team, tile_size * tile_size),
                take<T>(team, tile_size * tile_size),
                take<T>(team, tile_size * dim),
                take<T>(team, tile_size),
                take<T>(team, tile_size),
                take<T>(team, tile_size)};
  each(team, tile_size, [&](std::int64_t i) {
    at.largest[i] = -std::numeric_limits<T>::infinity();
    at.total[i] = 0;
  });
  each(team, tile_size * dim, [&](std::int64_t i) { at.result[i] = 0; });
  return at;
}

/// Turns scores into exp(scale * score - largest) with the maximum so far, and rescales what was summed
/// before it. On the diagonal, keys after their query are left out.
template <class T>
KOKKOS_INLINE_FUNCTION void soften(const Team& team, const Running<T>& at, std::int64_t keys,
                                   std::int64_t width, T scale, bool diagonal) {
  each(team, width, [&](std::int64_t i) { at.factor[i] = at.largest[i]; });
  for (std::int64_t j = 0; j < keys; ++j) {
    T* row = at.scores + j * tile_size;
    const std::int64_t first = diagonal ? j : 0;
    each(team, width, [&](std::int64_t i) {
      row[i] = i < first ? -std::numeric_limits<T>::infinity() : row[i] * scale;
      at.largest[i] = row[i] > at.largest[i] ? row[i] : at.largest[i];
    });
  }
  each(team, width, [&](std::int64_t i) {
    at.factor[i] = exponential(at.factor[i] - at.largest[i]);
    at.total[i] *= at.factor[i];
  });
  for (std::int64_t j = 0; j < keys; ++j) {
    T* row = at.scores + j * tile_size;
    each(team, width, [&](std::int64_t i) {
      row[i] = exponential(row[i] - at.largest[i]);
      at.total[i] += row[i];
    });
  }
}

template <class T>
KOKKOS_INLINE_FUNCTION void drop(const Team& team, const AttentionCall& call, std::int64_t row,
                                 std::int64_t queries, std::int64_t head, std::int64_t first_key,
                                 std::int64_t keys, const Running<T>& at) {
  load_mask(team, call, row, queries, head, first_key, keys, at.kept);
  team.team_barrier();
  for (std::int64_t j = 0; j < keys; ++j) {
    T* scores = at.scores + j * tile_size;
    const T* kept = at.kept + j * tile_size;
    each(team, queries, [&](std::int64_t i) { scores[i] *= kept[i]; });
  }
}

/// One block of queries of one head: over all blocks of keys up to the diagonal.
template <class T>
KOKKOS_INLINE_FUNCTION void attend(const Team& team, const AttentionCall& call, std::int64_t first_row,
                                   std::int64_t head, std::int64_t query_block, const T* qkv,
                                   const Running<T>& at) {
  const std::int64_t queries = call.filled(query_block), width = padded(queries), dim = call.dim;
  const std::int64_t query_row = first_row + query_block * tile_size;
  load_transposed(team, queries, dim, qkv + call.qkv_at(query_row, 0, head), call.qkv_row(), at.queries);
  for (std::int64_t key_block = 0; key_block <= query_block; ++key_block) {
    const std::int64_t keys = call.filled(key_block), first_key = key_block * tile_size;
    const T* k = qkv + call.qkv_at(first_row + first_key, 1, head);
    const T* v = qkv + call.qkv_at(first_row + first_key, 2, head);
    team.team_barrier();
    multiply<Write::overwrite, T>(team, keys, width, dim, {k, call.qkv_row(), 1}, {at.queries, tile_size},
                                  {at.scores, tile_size});
    team.team_barrier();
    soften(team, at, keys, width, static_cast<T>(call.scale), key_block == query_block);
    if (call.mask.threshold > 0) drop(team, call, query_row, queries, head, first_key, keys, at);
    team.team_barrier();
    for (std::int64_t i = 0; i < queries; ++i)
      each(team, dim, [&](std::int64_t d) { at.result[i * dim + d] *= at.factor[i]; });
    team.team_barrier();
    multiply<Write::accumulate, T>(team, queries, dim, keys, {at.scores, 1, tile_size}, {v, call.qkv_row()},
                                   {at.result, dim});
  }
  team.team_barrier();
}

template <class T>
void run(const Lane& lane, const AttentionCall& call, const T* qkv, T* out, T* logsumexp) {
  const std::int64_t blocks = call.blocks();
  each_row(
      lane, "attention", call.samples * call.heads * blocks,
      KOKKOS_LAMBDA(const Team& team, std::int64_t task) {
        const std::int64_t block = task % blocks, head = task / blocks % call.heads;
        const std::int64_t first_row = task / blocks / call.heads * call.sequence, dim = call.dim;
        const Running<T> at = begin<T>(team, dim);
        attend(team, call, first_row, head, block, qkv, at);
        for (std::int64_t i = 0; i < call.filled(block); ++i) {
          const std::int64_t row = first_row + block * tile_size + i;
          const T inverse = 1 / at.total[i];
          T* to = out + call.out_at(row, head);
          each(team, dim, [&](std::int64_t d) { to[d] = at.result[i * dim + d] * inverse; });
          once(team, [&] { logsumexp[row * call.heads + head] = at.largest[i] + std::log(at.total[i]); });
        }
      },
      scratch_numbers(call.dim) * static_cast<std::int64_t>(sizeof(T)) + 7 * scratch_alignment);
}

}  // namespace

AttentionCall attention_call(const Tensor& qkv, const Tensor& out, const Tensor& logsumexp,
                             std::int64_t sequence, double scale, const AttentionDropout& dropout) {
  HEDDLE_EXPECT(qkv.shape.rank() == 4 && qkv.shape[1] == 3 && sequence > 0 && qkv.shape[0] % sequence == 0);
  const std::int64_t rows = qkv.shape[0], heads = qkv.shape[2], dim = qkv.shape[3];
  HEDDLE_EXPECT(out.count() == rows * heads * dim && logsumexp.count() == rows * heads);
  return {rows / sequence,
          sequence,
          heads,
          dim,
          scale,
          mask_of(dropout.key, dropout.stream, dropout.rate),
          dropout.first_row,
          dropout.first_head,
          dropout.total_heads};
}

void attention(const Lane& lane, const Tensor& qkv, std::int64_t sequence, double scale,
               const AttentionDropout& dropout, const Tensor& out, const Tensor& logsumexp) {
  const AttentionCall call = attention_call(qkv, out, logsumexp, sequence, scale, dropout);
  with_real(qkv.dtype, [&](auto zero) {
    using T = decltype(zero);
    run<T>(lane, call, qkv.as<T>(), out.as<T>(), logsumexp.as<T>());
  });
}

}  // namespace heddle::kernels
