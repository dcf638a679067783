#include "heddle/kernels/attention.hpp"

#include <cmath>
#include <limits>

#include "attention_tile.hpp"
#include "fused_attention.hpp"
#include "rooms.hpp"

namespace heddle::kernels {
namespace {

/// Queries and keys of a tile: a strip of queries, narrow enough that it and its scores lie in L1.
constexpr std::int64_t query_block = tiled_attention::device_block,
                       key_block = on_host ? 128 : tiled_attention::device_block;

/// A block of queries on its way over the keys: the online softmax (Milakov & Gimelshein, arXiv 1805.02867).
/// C is what is computed in, F what is multiplied.
template <class C, class F>
struct Running {
  F* queries;        ///< [factors of dim, query_block], transposed and, but for pairs, scaled
  C* scores;         ///< [key_block, query_block]
  F* probabilities;  ///< [factors of key_block, query_block] in place of scores: times exp(largest)
  C* kept;           ///< the mask's factors, as scores
  C* result;         ///< [query_block, dim]
  F* values;         ///< [factors of key_block, dim], if they do not go into products as they lie
  C *largest, *total, *factor;  ///< [query_block]
};

template <class F>
constexpr std::int64_t values_numbers(std::int64_t dim) {
  return is_pair<F> ? key_block / 2 * dim : 0;
}

template <class C, class F>
constexpr std::int64_t tile_bytes(std::int64_t dim) {
  return tiled_attention::forward_bytes({sizeof(C), is_pair<F>}, query_block, key_block, dim);
}

template <class C, class F>
KOKKOS_INLINE_FUNCTION Running<C, F> begin(const Team& team, Room near, std::int64_t dim) {
  F* queries = near.take<F>(query_block * (dim / numbers_in<F>));
  C* scores = near.take<C>(key_block * query_block);
  const Running<C, F> at{queries,
                         scores,
                         reinterpret_cast<F*>(scores),
                         near.take<C>(key_block * query_block),
                         near.take<C>(query_block * dim),
                         near.take<F>(values_numbers<F>(dim)),
                         near.take<C>(query_block),
                         near.take<C>(query_block),
                         near.take<C>(query_block)};
  each(team, query_block, [&](std::int64_t i) {
    at.largest[i] = -std::numeric_limits<C>::infinity();
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
template <class C, class F>
KOKKOS_INLINE_FUNCTION void soften(const Team& team, const Tile<C>& tile, double scale, bool drops,
                                   const Running<C, F>& at) {
  each_query_pack(team, tile, [&](Place<C> place) {
    const std::int64_t all = tile.seen_by_all(place.i), some = tile.seen_by_some(place.i);
    const Pack<C> before = place.load(at.largest), unseen(-std::numeric_limits<C>::infinity());
    Pack<C> largest = largest_of_column(all, place, at.scores, before);
    for (std::int64_t j = all; j < some; ++j) {
      C* row = at.scores + j * query_block;
      const Pack<C> score = where_seen(tile, j, place.i, place.load(row), unseen);
      place.store(row, score);
      largest = larger(score, largest);
    }
    Pack<C> total(C(0));
    const auto probability = [&](std::int64_t j) {
      const Pack<C> score = place.load(at.scores + j * query_block);
      const Pack<C> exponential = falling_exponential(scaled<F>(score - largest, scale));
      total += exponential;
      return drops ? exponential * place.load(at.kept + j * query_block) : exponential;
    };
    for (std::int64_t j = 0; j < some; j += numbers_in<F>) {
      F* row = at.probabilities + j / numbers_in<F> * query_block;
      place.template of<F>().store(row, factor_of<F>(probability(j), [&] {
                                     return j + 1 < some ? probability(j + 1) : Pack<C>(C(0));
                                   }));
    }
    const Pack<C> factor = falling_exponential(scaled<F>(before - largest, scale));
    place.store(at.largest, largest);
    place.store(at.factor, factor);
    place.store(at.total, place.load(at.total) * factor + total);
  });
}

/// One block of queries: over all blocks of keys up to the diagonal. T is what is stored. A function of its own:
/// within the loop over blocks its products are short of registers (6 % more instructions).
template <class T, class C, class F>
[[gnu::noinline]] KOKKOS_FUNCTION void attend(const Team& team, const AttentionCall& call, const T* qkv,
                                              Tile<C> tile, const Running<C, F>& at) {
  const std::int64_t dim = call.dim, stride = call.qkv_row();
  const bool drops = call.mask.threshold > 0;
  load_transposed_factors(team, tile.queries, dim, call.scale,
                          qkv + call.qkv_at(tile.query_row(), 0, tile.head), stride, at.queries, query_block);
  for (; tile.first_key < tile.first_query + tile.queries; tile.first_key += key_block) {
    const T* k = qkv + call.qkv_at(tile.key_row(), 1, tile.head);
    const T* v = qkv + call.qkv_at(tile.key_row(), 2, tile.head);
    tile.keys = call.filled(tile.first_key, key_block);
    tile.keys = tile.seen_before(tile.queries);
    if (drops) load_mask(team, call, tile, at.kept);
    team.team_barrier();
    pair_rows(team, tile.keys, dim, v, stride, at.values);
    multiply<Write::overwrite>(team, tile.keys, padded<C>(tile.queries), rows_of<F>(k, stride),
                               RowMajor{at.queries, query_block}, RowMajor{at.scores, query_block},
                               [&](std::int64_t j) {
                                 return Part{tile.column(j), 0, dim};
                               });
    team.team_barrier();
    soften(team, tile, call.scale, drops, at);
    team.team_barrier();
    for (std::int64_t i = 0; i < tile.queries; ++i)
      each(team, dim, [&](std::int64_t d) { at.result[i * dim + d] *= at.factor[i]; });
    team.team_barrier();
    multiply<Write::accumulate>(team, tile.queries, dim, Strided{at.probabilities, 1, query_block},
                                summed_rows(v, stride, at.values, dim), RowMajor{at.result, dim},
                                [&](std::int64_t i) {
                                  return Part{0, 0, tile.seen_before(i + register_rows)};
                                });
  }
  team.team_barrier();
}

template <class T, class F>
void run(const lanes::Lane& lane, const AttentionCall& call, const T* qkv, T* out, Compute<T>* logsumexp,
         const Tensor& workspace) {
  using C = Compute<T>;
  const std::int64_t blocks = call.blocks(query_block);
  each_task_in_rooms(
      lane, "attention", call.samples * call.heads * blocks, {tile_bytes<C, F>(call.dim)}, workspace,
      KOKKOS_LAMBDA(const Team& team, std::int64_t task, const Rooms& rooms) {
        const std::int64_t head = task / blocks % call.heads, first_query = task % blocks * query_block;
        const Tile<C> tile{task / blocks / call.heads * call.sequence,
                           head,
                           first_query,
                           call.filled(first_query, query_block),
                           0,
                           0,
                           query_block};
        const Running<C, F> at = begin<C, F>(team, rooms.near, call.dim);
        attend(team, call, qkv, tile, at);
        for (std::int64_t i = 0; i < tile.queries; ++i) {
          const std::int64_t row = tile.query_row() + i;
          const C inverse = 1 / at.total[i];
          T* to = out + call.out_at(row, head);
          each(team, call.dim, [&](std::int64_t d) { to[d] = at.result[i * call.dim + d] * inverse; });
          once(team, [&] {
            logsumexp[row * call.heads + head] = scaled<F>(at.largest[i], call.scale) + std::log(at.total[i]);
          });
        }
      });
}

}  // namespace

void prepare_attention(fused_attention::Pass pass, const Tensor& qkv, std::int64_t sequence, double scale,
                       const AttentionDropout& dropout) {
  prepare_fused_attention(pass, fused_call(qkv, sequence, dropout), scale);
}

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

fused_attention::Call fused_call(const Tensor& qkv, std::int64_t sequence, const AttentionDropout& dropout) {
  return {qkv.dtype, qkv.shape[0] / sequence, sequence, qkv.shape[2], qkv.shape[3], dropout.rate};
}

void attention(const lanes::Lane& lane, const Tensor& qkv, std::int64_t sequence, double scale,
               const AttentionDropout& dropout, const Tensor& out, const Tensor& logsumexp,
               const Tensor& workspace) {
  const AttentionCall call = attention_call(qkv, out, logsumexp, sequence, scale, dropout);
  if (enqueue_fused_attention(lane, fused_attention::Pass::forward, fused_call(qkv, sequence, dropout), scale,
                              {.qkv = qkv, .out = out, .logsumexp = logsumexp}, workspace))
    return;
  with_factors(qkv.dtype, call.dim, [&](auto zero, auto factor) {
    using T = decltype(zero);
    run<T, decltype(factor)>(lane, call, qkv.as<T>(), out.as<T>(), logsumexp.as<Compute<T>>(), workspace);
  });
}

}  // namespace heddle::kernels
