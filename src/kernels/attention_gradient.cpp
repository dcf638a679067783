// The gradient of attention, recomputing one tile of probabilities at a time:
//   dv = p'^T dout,  dp = dout v^T,  ds = p (dp' - delta),  dq = scale ds k,  dk = scale ds^T q
// where ' applies the dropout mask and delta is the inner product of dout and out
// (FlashAttention-2, section 3.1.2).
#include "attention_tile.hpp"
#include "fused_attention.hpp"
#include "heddle/kernels/attention.hpp"
#include "rooms.hpp"

namespace heddle::kernels {
namespace {

/// Queries, and keys, of a tile.
constexpr std::int64_t block_size = on_host ? 64 : tiled_attention::device_block;

/// A block of queries on its way over the keys. C is what is computed in, F what is multiplied.
template <class C, class F>
struct Running {
  F *queries, *gradients;     ///< scale q (pairs: q) and dout [factors of dim, block_size], transposed
  C *scores, *slopes, *kept;  ///< p', ds and the mask's factors [block_size keys, block_size queries]
  StoredFactor<F>*probabilities, *by_key;    ///< p' and ds as left factors that are summed over queries
  F* by_query;                               ///< ds as one that is summed over keys, in place of slopes
  F *query_rows, *gradient_rows, *key_rows;  ///< q, dout, k [factors of block_size, dim], unless as they lie
  C* result;                                 ///< dq [block_size, dim]
  C *logsumexp, *delta;                      ///< [block_size]
};

/// Numbers of what only pairs need.
template <class F>
constexpr std::int64_t for_pairs(std::int64_t numbers) {
  return is_pair<F> ? numbers : 0;
}

template <class C, class F>
constexpr std::int64_t tile_bytes(std::int64_t dim) {
  return tiled_attention::backward_bytes({sizeof(C), is_pair<F>}, block_size, dim);
}

template <class C, class F>
KOKKOS_INLINE_FUNCTION Running<C, F> begin(Room near, std::int64_t dim) {
  using Stored = StoredFactor<F>;
  const std::int64_t tile = block_size * block_size, strip = block_size * dim;
  C *scores = near.take<C>(tile), *slopes = near.take<C>(tile);
  Stored *probabilities, *by_key;
  if constexpr (is_pair<F>) {
    probabilities = near.take<Stored>(tile);
    by_key = near.take<Stored>(tile);
  } else {
    probabilities = scores;
    by_key = slopes;
  }
  return {near.take<F>(strip / numbers_in<F>),
          near.take<F>(strip / numbers_in<F>),
          scores,
          slopes,
          near.take<C>(tile),
          probabilities,
          by_key,
          reinterpret_cast<F*>(slopes),
          near.take<F>(for_pairs<F>(strip / 2)),
          near.take<F>(for_pairs<F>(strip / 2)),
          near.take<F>(for_pairs<F>(strip / 2)),
          near.take<C>(strip),
          near.take<C>(block_size),
          near.take<C>(block_size)};
}

template <class T>
struct Arrays {
  const T *dout, *out, *qkv;
  const Compute<T>* logsumexp;
  T* dqkv;
};

/// Where a head's dk and dv add up over its queries: a row for each place of the sequence, `row` numbers from
/// one to the next.
template <class T>
struct Sums {
  T *dk, *dv;
  std::int64_t row;
};

/// dqkv itself, unless every block of queries would then round what it adds to: then a room.
template <class T>
inline constexpr bool in_place = std::is_same_v<T, Compute<T>>;

template <class T>
KOKKOS_INLINE_FUNCTION Sums<Compute<T>> sums_of([[maybe_unused]] Room far, const AttentionCall& call,
                                                [[maybe_unused]] T* dqkv,
                                                [[maybe_unused]] std::int64_t sequence_row,
                                                [[maybe_unused]] std::int64_t head) {
  if constexpr (in_place<T>) {
    return {dqkv + call.qkv_at(sequence_row, 1, head), dqkv + call.qkv_at(sequence_row, 2, head),
            call.qkv_row()};
  } else {
    Compute<T>* numbers = far.take<Compute<T>>(2 * call.sequence * call.dim);
    return {numbers, numbers + call.sequence * call.dim, call.dim};
  }
}

/// Takes in one block of queries: q and dout transposed, its log-sum-exp and delta.
template <class T, class C, class F>
KOKKOS_INLINE_FUNCTION void load(const Team& team, const AttentionCall& call, const Arrays<T>& arrays,
                                 const Tile<C>& tile, const Running<C, F>& at) {
  const std::int64_t row = tile.query_row();
  const T *q = arrays.qkv + call.qkv_at(row, 0, tile.head), *dout = arrays.dout + call.out_at(row, tile.head);
  load_transposed_factors(team, tile.queries, call.dim, call.scale, q, call.qkv_row(), at.queries,
                          block_size);
  load_transposed_factors(team, tile.queries, call.dim, 1, dout, call.out_row(), at.gradients, block_size);
  pair_rows(team, tile.queries, call.dim, q, call.qkv_row(), at.query_rows);
  pair_rows(team, tile.queries, call.dim, dout, call.out_row(), at.gradient_rows);
  each(team, block_size, [&](std::int64_t i) {
    at.logsumexp[i] = i < tile.queries ? arrays.logsumexp[(row + i) * call.heads + tile.head] : C(0);
    at.delta[i] = 0;
  });
  each(team, block_size * call.dim, [&](std::int64_t i) { at.result[i] = 0; });
  team.team_barrier();
  for (std::int64_t i = 0; i < tile.queries; ++i) {
    const T *gradient = dout + i * call.out_row(), *value = arrays.out + call.out_at(row + i, tile.head);
    const C delta =
        sum_packs<T>(team, call.dim, [&](auto place) { return place.load(gradient) * place.load(value); });
    once(team, [&] { at.delta[i] = delta; });
  }
}

/// scores: scale q k^T -> p';  slopes: dp -> scale ds. Keys after their query get 0.
template <class C, class F>
KOKKOS_INLINE_FUNCTION void differentiate(const Team& team, const AttentionCall& call, const Tile<C>& tile,
                                          const Running<C, F>& at) {
  const bool drops = call.mask.threshold > 0;
  const Pack<C> scale(static_cast<C>(call.scale));
  each_query_pack(team, tile, [&](Place<C> place) {
    const std::int64_t all = tile.seen_by_all(place.i), some = tile.seen_by_some(place.i);
    const Pack<C> logsumexp = place.load(at.logsumexp), delta = place.load(at.delta);
    const auto slope = [&](std::int64_t j) {
      const std::int64_t row = j * block_size;
      Pack<C> p = falling_exponential(scaled<F>(place.load(at.scores + row), call.scale) - logsumexp);
      const Pack<C> dp = place.load(at.slopes + row);
      if (j >= all) p = where_seen(tile, j, place.i, p, Pack<C>(C(0)));
      const Pack<C> kept = drops ? place.load(at.kept + row) : Pack<C>(C(1));
      const Pack<C> ds = scale * p * (dp * kept - delta);
      place.store(at.probabilities + row, p * kept);
      place.store(at.by_key + row, ds);
      return ds;
    };
    for (std::int64_t j = 0; j < some; j += numbers_in<F>) {
      const auto factor = factor_of<F>(slope(j), [&] { return j + 1 < some ? slope(j + 1) : Pack<C>(C(0)); });
      if constexpr (is_pair<F>) place.template of<F>().store(at.by_query + j / 2 * block_size, factor);
    }
  });
}

/// One tile: adds to dk and dv in `sums`, and to dq in `at.result`.
template <class T, class C, class F>
KOKKOS_INLINE_FUNCTION void add_tile(const Team& team, const AttentionCall& call, const Arrays<T>& arrays,
                                     const Tile<C>& tile, const Running<C, F>& at, const Sums<C>& sums) {
  const std::int64_t dim = call.dim, stride = call.qkv_row(), width = padded<C>(tile.queries);
  const std::int64_t head = tile.head, query_row = tile.query_row(), key_row = tile.key_row();
  const T *q = arrays.qkv + call.qkv_at(query_row, 0, head), *k = arrays.qkv + call.qkv_at(key_row, 1, head);
  const T *v = arrays.qkv + call.qkv_at(key_row, 2, head), *dout = arrays.dout + call.out_at(query_row, head);
  C *dk = sums.dk + tile.first_key * sums.row, *dv = sums.dv + tile.first_key * sums.row;
  const auto seen_queries = [&](std::int64_t j) { return Part{tile.column(j), 0, dim}; };
  const auto over_queries = [&](std::int64_t j) { return Part{0, tile.first_seeing(j), tile.queries}; };
  const auto over_keys = [&](std::int64_t i) { return Part{0, 0, tile.seen_before(i + register_rows)}; };
  if (call.mask.threshold > 0) load_mask(team, call, tile, at.kept);
  team.team_barrier();
  pair_rows(team, tile.keys, dim, k, stride, at.key_rows);
  multiply<Write::overwrite>(team, tile.keys, width, rows_of<F>(k, stride), RowMajor{at.queries, block_size},
                             RowMajor{at.scores, block_size}, seen_queries);
  multiply<Write::overwrite>(team, tile.keys, width, rows_of<F>(v, stride),
                             RowMajor{at.gradients, block_size}, RowMajor{at.slopes, block_size},
                             seen_queries);
  team.team_barrier();
  differentiate(team, call, tile, at);
  team.team_barrier();
  multiply<Write::accumulate>(team, tile.keys, dim, rows_of<F>(at.probabilities, block_size),
                              summed_rows(dout, call.out_row(), at.gradient_rows, dim),
                              RowMajor{dv, sums.row}, over_queries);
  multiply<Write::accumulate>(team, tile.keys, dim, rows_of<F>(at.by_key, block_size),
                              summed_rows(q, stride, at.query_rows, dim), RowMajor{dk, sums.row},
                              over_queries);
  multiply<Write::accumulate>(team, tile.queries, dim, Strided{at.by_query, 1, block_size},
                              summed_rows(k, stride, at.key_rows, dim), RowMajor{at.result, dim}, over_keys);
}

/// Rows of `dim` numbers as rows of dqkv from `to` on.
template <class T>
KOKKOS_INLINE_FUNCTION void store(const Team& team, const AttentionCall& call, std::int64_t rows,
                                  const Compute<T>* from, T* to) {
  for (std::int64_t i = 0; i < rows; ++i, from += call.dim, to += call.qkv_row())
    each(team, call.dim, [&](std::int64_t d) { to[d] = from[d]; });
}

/// One head of one sample, by one team: the sums over queries that dk and dv are need no other order.
template <class T, class C, class F>
KOKKOS_INLINE_FUNCTION void head_gradient(const Team& team, const AttentionCall& call,
                                          const Arrays<T>& arrays, std::int64_t sequence_row,
                                          std::int64_t head, const Rooms& rooms) {
  const Running<C, F> at = begin<C, F>(rooms.near, call.dim);
  const Sums<C> sums = sums_of(rooms.far, call, arrays.dqkv, sequence_row, head);
  for (std::int64_t row = 0; row < call.sequence; ++row)
    for (C* to : {sums.dk + row * sums.row, sums.dv + row * sums.row})
      each(team, call.dim, [&](std::int64_t d) { to[d] = 0; });
  Tile<C> tile{sequence_row, head, 0, 0, 0, 0, block_size};
  for (; tile.first_query < call.sequence; tile.first_query += block_size) {
    tile.queries = call.filled(tile.first_query, block_size);
    team.team_barrier();
    load(team, call, arrays, tile, at);
    for (tile.first_key = 0; tile.first_key <= tile.first_query; tile.first_key += block_size) {
      tile.keys = call.filled(tile.first_key, block_size);
      add_tile(team, call, arrays, tile, at, sums);
    }
    team.team_barrier();
    store(team, call, tile.queries, at.result, arrays.dqkv + call.qkv_at(tile.query_row(), 0, head));
  }
  if constexpr (!in_place<T>) {
    store(team, call, call.sequence, sums.dk, arrays.dqkv + call.qkv_at(sequence_row, 1, head));
    store(team, call, call.sequence, sums.dv, arrays.dqkv + call.qkv_at(sequence_row, 2, head));
  }
}

template <class T, class F>
void run(const lanes::Lane& lane, const AttentionCall& call, const Arrays<T>& arrays,
         const Tensor& workspace) {
  using C = Compute<T>;
  const std::int64_t sums = tiled_attention::sums_bytes(sizeof(C), call.sequence, call.dim);
  each_task_in_rooms(
      lane, "attention_gradient", call.samples * call.heads,
      {tile_bytes<C, F>(call.dim), in_place<T> ? 0 : sums}, workspace,
      KOKKOS_LAMBDA(const Team& team, std::int64_t task, const Rooms& rooms) {
        head_gradient<T, C, F>(team, call, arrays, task / call.heads * call.sequence, task % call.heads,
                               rooms);
      });
}

}  // namespace

void attention_gradient(const lanes::Lane& lane, const Tensor& dout, const Tensor& out,
                        const Tensor& logsumexp, const Tensor& qkv, std::int64_t sequence, double scale,
                        const AttentionDropout& dropout, const Tensor& dqkv, const Tensor& workspace) {
  const AttentionCall call = attention_call(qkv, out, logsumexp, sequence, scale, dropout);
  HEDDLE_EXPECT(dqkv.count() == qkv.count() && dout.count() == out.count() && dqkv.data != qkv.data);
  if (enqueue_fused_attention(
          lane, fused_attention::Pass::backward, fused_call(qkv, sequence, dropout), scale,
          {.qkv = qkv, .out = out, .logsumexp = logsumexp, .dout = dout, .dqkv = dqkv}, workspace))
    return;
  with_factors(qkv.dtype, call.dim, [&](auto zero, auto factor) {
    using T = decltype(zero);
    run<T, decltype(factor)>(
        lane, call, {dout.as<T>(), out.as<T>(), qkv.as<T>(), logsumexp.as<Compute<T>>(), dqkv.as<T>()},
        workspace);
  });
}

}  // namespace heddle::kernels
