// The gradient of attention, recomputing one tile of probabilities at a time:
//   dv = p'^T dout,  dp = dout v^T,  ds = p (dp' - delta),  dq = scale ds k,  dk = scale ds^T q
// where ' applies the dropout mask and delta is the inner product of dout and out
// (FlashAttention-2, section 3.1.2).
#include "attention_tile.hpp"
#include "heddle/kernels/attention.hpp"

namespace heddle::kernels {
namespace {

/// Queries, and keys, of a tile.
constexpr std::int64_t block_size = on_host ? 64 : 32;

/// A block of queries on its way over the keys.
template <class T>
struct Running {
  T *queries, *gradients;     ///< scale q and dout [dim, block_size], transposed
  T *scores, *slopes, *kept;  ///< p', ds and the mask's factors [block_size keys, block_size queries]
  T* result;                  ///< dq [block_size, dim]
  T *logsumexp, *delta;       ///< [block_size]
};

constexpr std::int64_t scratch_numbers(std::int64_t dim) {
  return 3 * block_size * block_size + 3 * block_size * dim + 2 * block_size;
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

/// dqkv itself, unless every block of queries would then round what it adds to: then scratch.
template <class T>
inline constexpr bool in_place = std::is_same_v<T, Compute<T>>;

constexpr std::int64_t sums_numbers(const AttentionCall& call) { return 2 * call.sequence * call.dim; }

template <class T>
KOKKOS_INLINE_FUNCTION Sums<Compute<T>> sums_of([[maybe_unused]] const Team& team, const AttentionCall& call,
                                                [[maybe_unused]] T* dqkv,
                                                [[maybe_unused]] std::int64_t sequence_row,
                                                [[maybe_unused]] std::int64_t head) {
  if constexpr (in_place<T>) {
    return {dqkv + call.qkv_at(sequence_row, 1, head), dqkv + call.qkv_at(sequence_row, 2, head),
            call.qkv_row()};
  } else {
    Compute<T>* numbers = take_far<Compute<T>>(team, sums_numbers(call));
    return {numbers, numbers + call.sequence * call.dim, call.dim};
  }
}

/// Takes in one block of queries: q and dout transposed, its log-sum-exp and delta. T is what is stored, C
/// what is computed in.
template <class T, class C>
KOKKOS_INLINE_FUNCTION void load(const Team& team, const AttentionCall& call, const Arrays<T>& arrays,
                                 const Tile<C>& tile, const Running<C>& at) {
  const std::int64_t row = tile.query_row();
  const T* dout = arrays.dout + call.out_at(row, tile.head);
  load_transposed(team, tile.queries, call.dim, static_cast<C>(call.scale),
                  arrays.qkv + call.qkv_at(row, 0, tile.head), call.qkv_row(), at.queries, block_size);
  load_transposed(team, tile.queries, call.dim, C(1), dout, call.out_row(), at.gradients, block_size);
  each(team, block_size, [&](std::int64_t i) {
    at.logsumexp[i] = i < tile.queries ? arrays.logsumexp[(row + i) * call.heads + tile.head] : C(0);
    at.delta[i] = 0;
  });
  each(team, block_size * call.dim, [&](std::int64_t i) { at.result[i] = 0; });
  team.team_barrier();
  for (std::int64_t i = 0; i < tile.queries; ++i) {
    const T *gradient = dout + i * call.out_row(), *value = arrays.out + call.out_at(row + i, tile.head);
    const C delta =
        sum_packs<C>(team, call.dim, [&](auto place) { return place.load(gradient) * place.load(value); });
    once(team, [&] { at.delta[i] = delta; });
  }
}

/// scores: scale q k^T -> p';  slopes: dp -> scale ds. Keys after their query get 0.
template <class T>
KOKKOS_INLINE_FUNCTION void differentiate(const Team& team, const AttentionCall& call, const Tile<T>& tile,
                                          const Running<T>& at) {
  const bool drops = call.mask.threshold > 0;
  const Pack<T> scale(static_cast<T>(call.scale));
  each_query_pack(team, tile, [&](Place<T> place) {
    const std::int64_t all = tile.seen_by_all(place.i), some = tile.seen_by_some(place.i);
    const Pack<T> logsumexp = place.load(at.logsumexp), delta = place.load(at.delta);
    for (std::int64_t j = 0; j < some; ++j) {
      T *scores = at.scores + j * block_size, *slopes = at.slopes + j * block_size;
      Pack<T> p = falling_exponential(place.load(scores) - logsumexp), dp = place.load(slopes);
      if (j >= all) p = where_seen(tile, j, place.i, p, Pack<T>(T(0)));
      const Pack<T> kept = drops ? place.load(at.kept + j * block_size) : Pack<T>(T(1));
      place.store(scores, p * kept);
      place.store(slopes, scale * p * (dp * kept - delta));
    }
  });
}

/// One tile: adds to dk and dv in `sums`, and to dq in `at.result`.
template <class T, class C>
KOKKOS_INLINE_FUNCTION void add_tile(const Team& team, const AttentionCall& call, const Arrays<T>& arrays,
                                     const Tile<C>& tile, const Running<C>& at, const Sums<C>& sums) {
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
  multiply<Write::overwrite>(team, tile.keys, width, Strided{k, stride, 1}, RowMajor{at.queries, block_size},
                             RowMajor{at.scores, block_size}, seen_queries);
  multiply<Write::overwrite>(team, tile.keys, width, Strided{v, stride, 1},
                             RowMajor{at.gradients, block_size}, RowMajor{at.slopes, block_size},
                             seen_queries);
  team.team_barrier();
  differentiate(team, call, tile, at);
  team.team_barrier();
  multiply<Write::accumulate>(team, tile.keys, dim, Strided{at.scores, block_size, 1},
                              RowMajor{dout, call.out_row()}, RowMajor{dv, sums.row}, over_queries);
  multiply<Write::accumulate>(team, tile.keys, dim, Strided{at.slopes, block_size, 1}, RowMajor{q, stride},
                              RowMajor{dk, sums.row}, over_queries);
  multiply<Write::accumulate>(team, tile.queries, dim, Strided{at.slopes, 1, block_size}, RowMajor{k, stride},
                              RowMajor{at.result, dim}, over_keys);
}

/// Rows of `dim` numbers as rows of dqkv from `to` on.
template <class T>
KOKKOS_INLINE_FUNCTION void store(const Team& team, const AttentionCall& call, std::int64_t rows,
                                  const Compute<T>* from, T* to) {
  for (std::int64_t i = 0; i < rows; ++i, from += call.dim, to += call.qkv_row())
    each(team, call.dim, [&](std::int64_t d) { to[d] = from[d]; });
}

/// One head of one sample, by one team: the sums over queries that dk and dv are need no other order.
template <class T, class C>
KOKKOS_INLINE_FUNCTION void head_gradient(const Team& team, const AttentionCall& call,
                                          const Arrays<T>& arrays, std::int64_t sequence_row,
                                          std::int64_t head, const Running<C>& at) {
  const Sums<C> sums = sums_of(team, call, arrays.dqkv, sequence_row, head);
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

template <class T>
void run(const lanes::Lane& lane, const AttentionCall& call, const Arrays<T>& arrays) {
  using C = Compute<T>;
  const std::int64_t number = sizeof(C);
  each_row(lane, "attention_gradient", call.samples * call.heads,
           KOKKOS_LAMBDA(const Team& team, std::int64_t task) {
             const std::int64_t tile = block_size * block_size, strip = block_size * call.dim;
             const Running<C> at{take<C>(team, strip),      take<C>(team, strip),     take<C>(team, tile),
                                 take<C>(team, tile),       take<C>(team, tile),      take<C>(team, strip),
                                 take<C>(team, block_size), take<C>(team, block_size)};
             head_gradient(team, call, arrays, task / call.heads * call.sequence, task % call.heads, at);
           },
           {scratch_numbers(call.dim) * number + 8 * scratch_alignment,
            in_place<T> ? 0 : sums_numbers(call) * number + scratch_alignment});
}

}  // namespace

void attention_gradient(const lanes::Lane& lane, const Tensor& dout, const Tensor& out,
                        const Tensor& logsumexp, const Tensor& qkv, std::int64_t sequence, double scale,
                        const AttentionDropout& dropout, const Tensor& dqkv) {
  const AttentionCall call = attention_call(qkv, out, logsumexp, sequence, scale, dropout);
  HEDDLE_EXPECT(dqkv.count() == qkv.count() && dout.count() == out.count() && dqkv.data != qkv.data);
  with_real(qkv.dtype, [&](auto zero) {
    using T = decltype(zero);
    run<T>(lane, call, {dout.as<T>(), out.as<T>(), qkv.as<T>(), logsumexp.as<Compute<T>>(), dqkv.as<T>()});
  });
}

}  // namespace heddle::kernels
