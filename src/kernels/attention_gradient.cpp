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

/// Takes in one block of queries: q and dout transposed, its log-sum-exp and delta.
template <class T>
KOKKOS_INLINE_FUNCTION void load(const Team& team, const AttentionCall& call, const Arrays<T>& arrays,
                                 const Tile<T>& tile, const Running<T>& at) {
  const std::int64_t row = tile.query_row();
  const T* dout = arrays.dout + call.out_at(row, tile.head);
  load_transposed(team, tile.queries, call.dim, static_cast<T>(call.scale),
                  arrays.qkv + call.qkv_at(row, 0, tile.head), call.qkv_row(), at.queries, block_size);
  load_transposed(team, tile.queries, call.dim, T(1), dout, call.out_row(), at.gradients, block_size);
  each(team, block_size, [&](std::int64_t i) {
    at.logsumexp[i] = i < tile.queries ? arrays.logsumexp[(row + i) * call.heads + tile.head] : Compute<T>(0);
    at.delta[i] = 0;
  });
  each(team, block_size * call.dim, [&](std::int64_t i) { at.result[i] = 0; });
  team.team_barrier();
  for (std::int64_t i = 0; i < tile.queries; ++i) {
    const T *gradient = dout + i * call.out_row(), *value = arrays.out + call.out_at(row + i, tile.head);
    const T delta =
        sum_packs<T>(team, call.dim, [&](auto place) { return place.load(gradient) * place.load(value); });
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

/// One tile: adds to dk and dv in place, and to dq in `at.result`.
template <class T>
KOKKOS_INLINE_FUNCTION void add_tile(const Team& team, const AttentionCall& call, const Arrays<T>& arrays,
                                     const Tile<T>& tile, const Running<T>& at) {
  const std::int64_t dim = call.dim, stride = call.qkv_row(), width = padded<T>(tile.queries);
  const std::int64_t head = tile.head, query_row = tile.query_row(), key_row = tile.key_row();
  const T *q = arrays.qkv + call.qkv_at(query_row, 0, head), *k = arrays.qkv + call.qkv_at(key_row, 1, head);
  const T *v = arrays.qkv + call.qkv_at(key_row, 2, head), *dout = arrays.dout + call.out_at(query_row, head);
  T *dk = arrays.dqkv + call.qkv_at(key_row, 1, head), *dv = arrays.dqkv + call.qkv_at(key_row, 2, head);
  const auto seen_queries = [&](std::int64_t j) { return Part{tile.column(j), 0, dim}; };
  const auto over_queries = [&](std::int64_t j) { return Part{0, tile.first_seeing(j), tile.queries}; };
  const auto over_keys = [&](std::int64_t i) { return Part{0, 0, tile.seen_before(i + register_rows)}; };
  if (call.mask.threshold > 0) load_mask(team, call, tile, at.kept);
  team.team_barrier();
  multiply<Write::overwrite, T>(team, tile.keys, width, {k, stride, 1}, {at.queries, block_size},
                                {at.scores, block_size}, seen_queries);
  multiply<Write::overwrite, T>(team, tile.keys, width, {v, stride, 1}, {at.gradients, block_size},
                                {at.slopes, block_size}, seen_queries);
  team.team_barrier();
  differentiate(team, call, tile, at);
  team.team_barrier();
  multiply<Write::accumulate, T>(team, tile.keys, dim, {at.scores, block_size, 1}, {dout, call.out_row()},
                                 {dv, stride}, over_queries);
  multiply<Write::accumulate, T>(team, tile.keys, dim, {at.slopes, block_size, 1}, {q, stride}, {dk, stride},
                                 over_queries);
  multiply<Write::accumulate, T>(team, tile.queries, dim, {at.slopes, 1, block_size}, {k, stride},
                                 {at.result, dim}, over_keys);
}

/// One head of one sample, by one team: the sums over queries that dk and dv are need no other order.
template <class T>
KOKKOS_INLINE_FUNCTION void head_gradient(const Team& team, const AttentionCall& call,
                                          const Arrays<T>& arrays, std::int64_t sequence_row,
                                          std::int64_t head, const Running<T>& at) {
  for (std::int64_t row = sequence_row; row < sequence_row + call.sequence; ++row)
    for (int part = 1; part < 3; ++part) {
      T* to = arrays.dqkv + call.qkv_at(row, part, head);
      each(team, call.dim, [&](std::int64_t d) { to[d] = 0; });
    }
  Tile<T> tile{sequence_row, head, 0, 0, 0, 0, block_size};
  for (; tile.first_query < call.sequence; tile.first_query += block_size) {
    tile.queries = call.filled(tile.first_query, block_size);
    team.team_barrier();
    load(team, call, arrays, tile, at);
    for (tile.first_key = 0; tile.first_key <= tile.first_query; tile.first_key += block_size) {
      tile.keys = call.filled(tile.first_key, block_size);
      add_tile(team, call, arrays, tile, at);
    }
    team.team_barrier();
    for (std::int64_t i = 0; i < tile.queries; ++i) {
      T* to = arrays.dqkv + call.qkv_at(tile.query_row() + i, 0, head);
      each(team, call.dim, [&](std::int64_t d) { to[d] = at.result[i * call.dim + d]; });
    }
  }
}

template <class T>
void run(const lanes::Lane& lane, const AttentionCall& call, const Arrays<T>& arrays) {
  each_row(
      lane, "attention_gradient", call.samples * call.heads,
      KOKKOS_LAMBDA(const Team& team, std::int64_t task) {
        const std::int64_t tile = block_size * block_size, strip = block_size * call.dim;
        const Running<T> at{take<T>(team, strip),      take<T>(team, strip),     take<T>(team, tile),
                            take<T>(team, tile),       take<T>(team, tile),      take<T>(team, strip),
                            take<T>(team, block_size), take<T>(team, block_size)};
        head_gradient(team, call, arrays, task / call.heads * call.sequence, task % call.heads, at);
      },
      scratch_numbers(call.dim) * static_cast<std::int64_t>(sizeof(T)) + 8 * scratch_alignment);
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
