// Rates of the three products of a linear layer, in the layouts and sizes of GPT-2's step, and of
// one large product.
#include "heddle/kernels/linear.hpp"

#include <benchmark/benchmark.h>

#include "arrays.hpp"

namespace heddle::kernels {
namespace {

/// Arguments: rows, numbers of x's row, numbers of y's row.
struct Layer {
  std::int64_t rows, in, out;
  Filled x, w, bias, y;

  explicit Layer(const benchmark::State& state)
      : rows(state.range(0)),
        in(state.range(1)),
        out(state.range(2)),
        x(DType::f32, {rows, in}),
        w(DType::f32, {out, in}),
        bias(DType::f32, {out}),
        y(DType::f32, {rows, out}) {}
};

struct Case {
  const char* name;
  void (*run)(const Layer&);
};

const Case cases[] = {
    {"linear", [](const Layer& l) { gemm({}, linear_product(l.x, l.w, {}, l.y), Write::overwrite); }},
    {"linear_with_bias",
     [](const Layer& l) { gemm({}, linear_product(l.x, l.w, l.bias, l.y), Write::overwrite); }},
    {"linear_input_gradient",
     [](const Layer& l) { gemm({}, input_gradient_product(l.y, l.w, l.x), Write::overwrite); }},
    {"linear_weight_gradient",
     [](const Layer& l) { gemm({}, weight_gradient_product(l.y, l.x, l.w), Write::accumulate); }},
};

void measure(benchmark::State& state, const Case& one) {
  const Layer layer(state);
  for (auto step : state) one.run(layer);
  count_flops(state, 2.0 * static_cast<double>(layer.rows * layer.in * layer.out));
}

const int registered = [] {
  for (const Case& one : cases) {
    auto* bench =
        benchmark::RegisterBenchmark(one.name, [&one](benchmark::State& state) { measure(state, one); });
    for (auto [in, out] : {std::pair{384, 1152}, {384, 384}, {384, 1536}, {1536, 384}, {384, 50257}})
      bench->Args({2048, in, out});
    for (auto [in, out] : {std::pair{768, 3072}, {768, 50257}, {4096, 4096}}) bench->Args({1024, in, out});
    bench->ArgNames({"rows", "in", "out"})->Unit(benchmark::kMillisecond);
  }
  return 0;
}();

}  // namespace
}  // namespace heddle::kernels
