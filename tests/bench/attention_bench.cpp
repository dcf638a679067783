// Rates of attention and its gradient, in useful FLOP/s: pairs above the diagonal are not counted, recomputed
// scores are (four and ten FLOPs a pair and head_dim, as graph/op_attention.cpp counts them).
#include "heddle/kernels/attention.hpp"

#include <benchmark/benchmark.h>

#include <cmath>

#include "arrays.hpp"

namespace heddle::kernels {
namespace {

/// Arguments: rows, sequence, heads, head_dim, dropout in per cent.
struct Case {
  std::int64_t rows, sequence, heads, dim;
  AttentionDropout dropout;
  Filled qkv, dout, out, logsumexp, dqkv;

  Case(const benchmark::State& state, DType type)
      : rows(state.range(0)),
        sequence(state.range(1)),
        heads(state.range(2)),
        dim(state.range(3)),
        dropout{1, 2, static_cast<double>(state.range(4)) / 100, 0, 0, heads},
        qkv(type, {rows, 3, heads, dim}),
        dout(type, {rows, heads, dim}),
        out(type, {rows, heads, dim}),
        logsumexp(type, {rows, heads}),
        dqkv(type, {rows, 3, heads, dim}) {}
  double scale() const { return 1 / std::sqrt(static_cast<double>(dim)); }
  void forward() const { attention({}, qkv, sequence, scale(), dropout, out, logsumexp); }
  void backward() const {
    attention_gradient({}, dout, out, logsumexp, qkv, sequence, scale(), dropout, dqkv);
  }
  /// Pairs of a query and a key that it may see, times head_dim, over the whole call.
  double pairs() const {
    return static_cast<double>(rows * heads * dim) * static_cast<double>(sequence + 1) / 2;
  }
};

void attention_forward(benchmark::State& state, DType type) {
  const Case example(state, type);
  for (auto step : state) example.forward();
  count_flops(state, 4 * example.pairs());
}

void attention_backward(benchmark::State& state, DType type) {
  const Case example(state, type);
  example.forward();
  for (auto step : state) example.backward();
  count_flops(state, 10 * example.pairs());
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"rows", "sequence", "heads", "dim", "dropout"});
  for (int dropout : {0, 10})
    for (int sequence : {256, 1024})
      for (auto [heads, dim] : {std::pair{12, 32}, {6, 64}, {4, 96}, {3, 128}})
        bench->Args({1024, sequence, heads, dim, dropout});
  bench->Args({1024, 256, 12, 64, 0})->Args({1024, 1024, 12, 64, 0});  // GPT-2's rows of 9 KB
}

BENCHMARK_CAPTURE(attention_forward, f32, DType::f32)->Apply(shapes);
BENCHMARK_CAPTURE(attention_backward, f32, DType::f32)->Apply(shapes);
BENCHMARK_CAPTURE(attention_forward, f64, DType::f64)->Args({1024, 256, 6, 64, 0});
BENCHMARK_CAPTURE(attention_backward, f64, DType::f64)->Args({1024, 256, 6, 64, 0});

}  // namespace
}  // namespace heddle::kernels
