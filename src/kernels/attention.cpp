#include "heddle/kernels/attention.hpp"

#include <cmath>
#include <limits>

#include "attention_tile.hpp"

namespace heddle::kernels {
namespace {

/// Queries and keys of a tile: a strip of queries, narrow enough that it and its scores lie in L1.
constexpr std::int64_t query_block = 32, key_block = on_host ? 128 : 32;

/// A block of queries on its way over the keys: the online softmax (Milakov & Gimelshein, arXiv 1805.02867).
template <class T>
struct Running {
  T* queries;                   ///< [dim, query_block], transposed and scaled
  T* scores;                    ///< [key_block, query_block], then probabilities times exp(largest)
  T* kept;                      ///< the mask's factors, as scores
  T* result;                    ///< [query_block, dim]
  T *largest, *total, *factor;  ///< [query_block]
};

constexpr std::int64_t scratch_numbers(std::int64_t dim) {
  return 2 * key_block * query_block + 2 * query_block * dim + 3 * query_block;
}

template <class T>
KOKKOS_INLINE_FUNCTION Running<T> begin(const Team& team, std::int64_t dim) {
  Running<T> at{take<T>(team, query_block * dim),
                take<T>(team, key_block * query_block),
                take<T>(team, key_block * query_block),
                take<T>(team, query_block * dim),
                take<T>(team, query_block),
                take<T>(team, query_block),
                take<T>(team, query_block)};
  each(team, query_block, [&](std::int64_t i) {
    at.largest[i] = -std::numeric_limits<T>::infinity();
    at.total[i] = 0;
  });
  each(team, query_block * dim, [&](std::int64_t i) { at.result[i] = 0; });
  return at;
}

/// The largest of `before` and of a column of `count` packs.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION Pack<T> largest_of_column(std::int64_t count, Place<T> place, const T* column,
                                                      Pack<T> before) {
  constexpr int chains = 4;  // one would wait for each comparison before it
  Pack<T> largest[chains] = {before, before, before, before};
  std::int64_t j = 0;
  for (; j + chains <= count; j += chains)
    for (int k = 0; k < chains; ++k)
      largest[k] = larger(place.load(column + (j + k) * query_block), largest[k]);
  for (; j < count; ++j) largest[0] = larger(place.load(column + j * query_block), largest[0]);
  return larger(larger(largest[0], largest[1]), larger(largest[2], largest[3]));
}

/// Turns scores into exp(score - largest) with the maximum so far, 0 where a key comes after its query, and
/// then into what the mask keeps of it. What was summed before is to be scaled by `factor`.
template <class T>
KOKKOS_INLINE_FUNCTION void soften(const Team& team, const Tile<T>& tile, bool drops, const Running<T>& at) {
  each_query_pack(team, tile, [&](Place<T> place) {
    const std::int64_t all = tile.seen_by_all(place.i), some = tile.seen_by_some(place.i);
    const Pack<T> before = place.load(at.largest), unseen(-std::numeric_limits<T>::infinity());
    Pack<T> largest = largest_of_column(all, place, at.scores, before);
    for (std::int64_t j = all; j < some; ++j) {
      T* row = at.scores + j * query_block;
      const Pack<T> score = where_seen(tile, j, place.i, place.load(row), unseen);
      place.store(row, score);
      largest = larger(score, largest);
    }
    Pack<T> total(T(0));
    for (std::int64_t j = 0; j < some; ++j) {
      T* row = at.scores + j * query_block;
      const Pack<T> probability = falling_exponential(place.load(row) - largest);
      total += probability;
      place.store(row, drops ? probability * place.load(at.kept + j * query_block) : probability);
    }
    const Pack<T> factor = falling_exponential(before - largest);
    place.store(at.largest, largest);
    place.store(at.factor, factor);
    place.store(at.total, place.load(at.total) * factor + total);
  });
}

/// One block of queries: over all blocks of keys up to the diagonal. T is what is stored, C what is computed
/// in. A function of its own: within the loop over blocks its products are short of registers (6 % more
/// instructions).
template <class T, class C>
[[gnu::noinline]] KOKKOS_FUNCTION void attend(const Team& team, const AttentionCall& call, const T* qkv,
                                              Tile<C> tile, const Running<C>& at) {
  const std::int64_t dim = call.dim, stride = call.qkv_row();
  const bool drops = call.mask.threshold > 0;
  load_transposed(team, tile.queries, dim, static_cast<C>(call.scale),
                  qkv + call.qkv_at(tile.query_row(), 0, tile.head), stride, at.queries, query_block);
  for (; tile.first_key < tile.first_query + tile.queries; tile.first_key += key_block) {
    const T* k = qkv + call.qkv_at(tile.key_row(), 1, tile.head);
    const T* v = qkv + call.qkv_at(tile.key_row(), 2, tile.head);
    tile.keys = call.filled(tile.first_key, key_block);
    tile.keys = tile.seen_before(tile.queries);
    if (drops) load_mask(team, call, tile, at.kept);
    team.team_barrier();
    multiply<Write::overwrite>(team, tile.keys, padded<C>(tile.queries), Strided{k, stride, 1},
                               RowMajor{at.queries, query_block}, RowMajor{at.scores, query_block},
                               [&](std::int64_t j) {
                                 return Part{tile.column(j), 0, dim};
                               });
    team.team_barrier();
    soften(team, tile, drops, at);
    team.team_barrier();
    for (std::int64_t i = 0; i < tile.queries; ++i)
      each(team, dim, [&](std::int64_t d) { at.result[i * dim + d] *= at.factor[i]; });
    team.team_barrier();
    multiply<Write::accumulate>(team, tile.queries, dim, Strided{at.scores, 1, query_block},
                                RowMajor{v, stride}, RowMajor{at.result, dim}, [&](std::int64_t i) {
                                  return Part{0, 0, tile.seen_before(i + register_rows)};
                                });
  }
  team.team_barrier();
}

template <class T>
void run(const lanes::Lane& lane, const AttentionCall& call, const T* qkv, T* out, Compute<T>* logsumexp) {
  using C = Compute<T>;
  const std::int64_t blocks = call.blocks(query_block);
  each_row(lane, "attention", call.samples * call.heads * blocks,
           KOKKOS_LAMBDA(const Team& team, std::int64_t task) {
             const std::int64_t head = task / blocks % call.heads, first_query = task % blocks * query_block;
             const Tile<C> tile{task / blocks / call.heads * call.sequence,
                                head,
                                first_query,
                                call.filled(first_query, query_block),
                                0,
                                0,
                                query_block};
             const Running<C> at = begin<C>(team, call.dim);
             attend(team, call, qkv, tile, at);
             for (std::int64_t i = 0; i < tile.queries; ++i) {
               const std::int64_t row = tile.query_row() + i;
               const C inverse = 1 / at.total[i];
               T* to = out + call.out_at(row, head);
               each(team, call.dim, [&](std::int64_t d) { to[d] = at.result[i * call.dim + d] * inverse; });
               once(team,
                    [&] { logsumexp[row * call.heads + head] = at.largest[i] + std::log(at.total[i]); });
             }
           },
           {scratch_numbers(call.dim) * static_cast<std::int64_t>(sizeof(C)) + 7 * scratch_alignment});
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

void attention(const lanes::Lane& lane, const Tensor& qkv, std::int64_t sequence, double scale,
               const AttentionDropout& dropout, const Tensor& out, const Tensor& logsumexp) {
  const AttentionCall call = attention_call(qkv, out, logsumexp, sequence, scale, dropout);
  with_real(qkv.dtype, [&](auto zero) {
    using T = decltype(zero);
    run<T>(lane, call, qkv.as<T>(), out.as<T>(), logsumexp.as<Compute<T>>());
  });
}

}  // namespace heddle::kernels
