// The gradient of attention, recomputing one tile of probabilities at a time:
//   dv = p'^T dout,  dp = dout v^T,  ds = p (dp' - delta),  dq = scale ds k,  dk = scale ds^T q
// where ' applies the dropout mask and delta is the inner product of dout and out (FlashAttention-2,
// section 3.1.2).
#include "attention_tile.hpp"
#include "heddle/kernels/attention.hpp"

namespace heddle::kernels {
namespace {

/// A block of queries on its way over the keys.
template <class T>
struct Running {
  T *queries, *gradients;     ///< q and dout [dim, tile_size], transposed
  T *scores, *slopes, *kept;  ///< p', ds and the mask's factors [tile_size keys, tile_size queries]
  T* result;                  ///< dq [tile_size, dim]
  T *logsumexp, *delta;       ///< [tile_size]
};

constexpr std::int64_t scratch_numbers(std::int64_t dim) {
  return 3 * tile_size * tile_size + 3 * tile_size * dim + 2 * tile_size;
}

template <class T>
struct Arrays {
  const T *dout, *out, *logsumexp, *qkv;
  T* dqkv;
};

/// Takes in one block of queries: q and dout transposed, its log-sum-exp and delta.
template <class T>
KOKKOS_INLINE_FUNCTION void load(const Team& team, const AttentionCall& call, const Arrays<T>& arrays,
                                 std::int64_t row, std::int64_t queries, std::int64_t head,
                                 const Running<T>& at) {
  const T* dout = arrays.dout + call.out_at(row, head);
  load_transposed(team, queries, call.dim, arrays.qkv + call.qkv_at(row, 0, head), call.qkv_row(),
                  at.queries);
  load_transposed(team, queries, call.dim, dout, call.out_row(), at.gradients);
  each(team, tile_size, [&](std::int64_t i) {
    at.logsumexp[i] = i < queries ? arrays.logsumexp[(row + i) * call.heads + head] : T(0);
    at.delta[i] = 0;
  });
  each(team, tile_size * call.dim, [&](std::int64_t i) { at.result[i] = 0; });
  team.team_barrier();
  for (std::int64_t i = 0; i < queries; ++i) {
    const T *gradient = dout + i * call.out_row(), *value = arrays.out + call.out_at(row + i, head);
    const T delta = sum<T>(team, call.dim, [&](std::int64_t d) { return gradient[d] * value[d]; });
    once(team, [&] { at.delta[i] = delta; });
  }
}

/// scores: q k^T -> p';  slopes: dp -> scale ds.
template <class T>
KOKKOS_INLINE_FUNCTION void differentiate(const Team& team, const AttentionCall& call, const Running<T>& at,
                                          std::int64_t keys, std::int64_t width, bool diagonal) {
  const T scale = static_cast<T>(call.scale);
  const bool drops = call.mask.threshold > 0;
  for (std::int64_t j = 0; j < keys; ++j) {
    T *scores = at.scores + j * tile_size, *slopes = at.slopes + j * tile_size;
    const T* kept = at.kept + j * tile_size;
    const std::int64_t first = diagonal ? j : 0;
    each(team, width, [&](std::int64_t i) {
      const T p = i < first ? T(0) : exponential(scale * scores[i] - at.logsumexp[i]);
      const T factor = drops ? kept[i] : T(1);
      scores[i] = p * factor;
      slopes[i] = scale * p * (slopes[i] * factor - at.delta[i]);
    });
  }
}

/// One tile: adds to dk and dv in place, and to dq in `at.result`.
template <class T>
KOKKOS_INLINE_FUNCTION void add_tile(const Team& team, const AttentionCall& call, const Arrays<T>& arrays,
                                     std::int64_t first_row, std::int64_t head, std::int64_t query_block,
                                     std::int64_t key_block, const Running<T>& at) {
  const std::int64_t queries = call.filled(query_block), keys = call.filled(key_block), dim = call.dim;
  const std::int64_t width = padded(queries), stride = call.qkv_row(), first_key = key_block * tile_size;
  const std::int64_t query_row = first_row + query_block * tile_size, key_row = first_row + first_key;
  const T *q = arrays.qkv + call.qkv_at(query_row, 0, head), *k = arrays.qkv + call.qkv_at(key_row, 1, head);
  const T *v = arrays.qkv + call.qkv_at(key_row, 2, head), *dout = arrays.dout + call.out_at(query_row, head);
  T *dk = arrays.dqkv + call.qkv_at(key_row, 1, head), *dv = arrays.dqkv + call.qkv_at(key_row, 2, head);
  team.team_barrier();
  multiply<Write::overwrite, T>(team, keys, width, dim, {k, stride, 1}, {at.queries, tile_size},
                                {at.scores, tile_size});
  multiply<Write::overwrite, T>(team, keys, width, dim, {v, stride, 1}, {at.gradients, tile_size},
                                {at.slopes, tile_size});
  if (call.mask.threshold > 0) load_mask(team, call, query_row, queries, head, first_key, keys, at.kept);
  team.team_barrier();
  differentiate(team, call, at, keys, width, key_block == query_block);
  team.team_barrier();
  multiply<Write::accumulate, T>(team, keys, dim, queries, {at.scores, tile_size, 1}, {dout, call.out_row()},
                                 {dv, stride});
  multiply<Write::accumulate, T>(team, keys, dim, queries, {at.slopes, tile_size, 1}, {q, stride},
                                 {dk, stride});
  multiply<Write::accumulate, T>(team, queries, dim, keys, {at.slopes, 1, tile_size}, {k, stride},
                                 {at.result, dim});
}

/// One head of one sample, by one team: the sums over queries that dk and dv are need no other order.
template <class T>
KOKKOS_INLINE_FUNCTION void head_gradient(const Team& team, const AttentionCall& call,
                                          const Arrays<T>& arrays, std::int64_t first_row, std::int64_t head,
                                          const Running<T>& at) {
  for (std::int64_t row = first_row; row < first_row + call.sequence; ++row)
    for (int part = 1; part < 3; ++part) {
      T* to = arrays.dqkv + call.qkv_at(row, part, head);
      each(team, call.dim, [&](std::int64_t d) { to[d] = 0; });
    }
  for (std::int64_t block = 0; block < call.blocks(); ++block) {
    const std::int64_t row = first_row + block * tile_size, queries = call.filled(block);
    team.team_barrier();
    load(team, call, arrays, row, queries, head, at);
    for (std::int64_t key_block = 0; key_block <= block; ++key_block)
      add_tile(team, call, arrays, first_row, head, block, key_block, at);
    team.team_barrier();
    for (std::int64_t i = 0; i < queries; ++i) {
      T* to = arrays.dqkv + call.qkv_at(row + i, 0, head);
      each(team, call.dim, [&](std::int64_t d) { to[d] = at.result[i * call.dim + d]; });
    }
  }
}

template <class T>
void run(const Lane& lane, const AttentionCall& call, const Arrays<T>& arrays) {
  each_row(
      lane, "attention_gradient", call.samples * call.heads,
      KOKKOS_LAMBDA(const Team& team, std::int64_t task) {
        const std::int64_t tile = tile_size * tile_size, strip = tile_size * call.dim;
        const Running<T> at{take<T>(team, strip),     take<T>(team, strip),    take<T>(team, tile),
                            take<T>(team, tile),      take<T>(team, tile),     take<T>(team, strip),
                            take<T>(team, tile_size), take<T>(team, tile_size)};
        head_gradient(team, call, arrays, task / call.heads * call.sequence, task % call.heads, at);
      },
      scratch_numbers(call.dim) * static_cast<std::int64_t>(sizeof(T)) + 8 * scratch_alignment);
}

}  // namespace

void attention_gradient(const Lane& lane, const Tensor& dout, const Tensor& out, const Tensor& logsumexp,
                        const Tensor& qkv, std::int64_t sequence, double scale,
                        const AttentionDropout& dropout, const Tensor& dqkv) {
  const AttentionCall call = attention_call(qkv, out, logsumexp, sequence, scale, dropout);
  HEDDLE_EXPECT(dqkv.count() == qkv.count() && dout.count() == out.count() && dqkv.data != qkv.data);
  with_real(qkv.dtype, [&](auto zero) {
    using T = decltype(zero);
    run<T>(lane, call, {dout.as<T>(), out.as<T>(), logsumexp.as<T>(), qkv.as<T>(), dqkv.as<T>()});
  });
}

}  // namespace heddle::kernels
