// Rates of the kernels that memory bounds, in bytes/s of what each must read and write once, to be held
// against `copy` of as many bytes: in the caches (2048 x 384 and 1024 x 768), and in memory (logits, and
// AdamW on 30 million parameters).
#include <benchmark/benchmark.h>

#include <cstring>

#include "arrays.hpp"
#include "heddle/kernels/adamw.hpp"
#include "heddle/kernels/bias_gelu.hpp"
#include "heddle/kernels/column_sum.hpp"
#include "heddle/kernels/cross_entropy.hpp"
#include "heddle/kernels/dropout.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "heddle/kernels/embedding.hpp"
#include "heddle/kernels/fill_normal.hpp"
#include "heddle/kernels/layer_norm.hpp"
#include "heddle/kernels/position.hpp"
#include "heddle/kernels/residual.hpp"
#include "heddle/kernels/residual_norm.hpp"
#include "heddle/kernels/sum_of_squares.hpp"

namespace heddle::kernels {
namespace {

constexpr std::int64_t sequence = 256, vocabulary = 50257;

/// Tensors of the shapes that kernels take, fp32.
struct Rows {
  std::int64_t rows, width;
  Filled x, y, z, sum, weight, bias, table, of_row, of_row_too;
  lanes::Memory indices;
  Tensor tokens;

  explicit Rows(const benchmark::State& state)
      : rows(state.range(0)),
        width(state.range(1)),
        x(DType::f32, {rows, width}),
        y(DType::f32, {rows, width}),
        z(DType::f32, {rows, width}),
        sum(DType::f32, {rows, width}),
        weight(DType::f32, {width}),
        bias(DType::f32, {width}),
        table(DType::f32, {sequence, width}),
        of_row(DType::f32, {rows}),
        of_row_too(DType::f32, {rows}),
        indices(4 * rows),
        tokens{indices.data(), DType::i32, {rows}} {
    for (std::int64_t r = 0; r < rows; ++r)
      tokens.as<std::int32_t>()[r] = static_cast<std::int32_t>((r * 97) % std::min(sequence, width));
  }
};

/// Runs f(rows), which reads and writes `tensors` tensors of the rows' size.
template <class F>
void measure(benchmark::State& state, double tensors, const F& f) {
  const Rows rows(state);
  for (auto step : state) f(rows);
  state.SetBytesProcessed(static_cast<std::int64_t>(
      tensors * 4.0 * static_cast<double>(rows.rows * rows.width) * static_cast<double>(state.iterations())));
}

struct Case {
  const char* name;
  double tensors;  ///< read or written, of the size of the rows
  void (*run)(const Rows&);
};

const Dropout no_dropout{}, tenth{1, 2, 0.1, 0};

const Case small_cases[] = {
    {"copy", 2,
     [](const Rows& r) {
       const Tensor &from = r.x, &to = r.y;
       std::memcpy(to.data, from.data, static_cast<std::size_t>(from.bytes()));
       benchmark::ClobberMemory();
     }},
    {"layer_norm", 2,
     [](const Rows& r) { layer_norm({}, r.x, r.weight, r.bias, 1e-5, r.y, r.of_row, r.of_row_too); }},
    {"layer_norm_input_gradient", 3,
     [](const Rows& r) { layer_norm_input_gradient({}, r.y, r.x, r.weight, r.of_row, r.of_row_too, r.z); }},
    {"layer_norm_parameter_gradient", 2,
     [](const Rows& r) {
       layer_norm_parameter_gradient({}, r.y, r.x, r.of_row, r.of_row_too, r.weight, r.bias,
                                     Write::overwrite);
     }},
    {"bias_gelu", 2, [](const Rows& r) { bias_gelu({}, r.x, r.bias, r.y); }},
    {"bias_gelu_gradient", 3, [](const Rows& r) { bias_gelu_gradient({}, r.y, r.x, r.bias, r.z); }},
    {"residual", 3, [](const Rows& r) { residual({}, r.x, r.y, r.bias, no_dropout, r.z); }},
    {"residual_with_dropout", 3, [](const Rows& r) { residual({}, r.x, r.y, r.bias, tenth, r.z); }},
    {"residual_norm", 4,
     [](const Rows& r) {
       residual_norm({}, {r.x, r.y, r.bias, no_dropout, r.sum},
                     {r.weight, r.bias, 1e-5, r.z, r.of_row, r.of_row_too});
     }},
    {"dropout", 2, [](const Rows& r) { dropout({}, r.x, tenth, r.y); }},
    {"add", 3, [](const Rows& r) { add({}, r.x, r.y, r.z); }},
    {"fill", 1, [](const Rows& r) { fill({}, r.y, 0); }},
    {"column_sum", 1, [](const Rows& r) { column_sum({}, r.x, r.bias, Write::overwrite); }},
    {"sum_of_squares", 1,
     [](const Rows& r) {
       static double result;
       sum_of_squares({}, r.x, {&result, DType::f64, {}});
     }},
    {"embedding", 2, [](const Rows& r) { embedding({}, r.table, r.tokens, 0, r.y); }},
    {"embedding_gradient", 3,
     [](const Rows& r) { embedding_gradient({}, r.y, r.tokens, 0, r.table, Write::accumulate); }},
    {"add_position", 2, [](const Rows& r) { add_position({}, r.x, r.table, 0, sequence, r.y); }},
    {"position_gradient", 1,
     [](const Rows& r) { position_gradient({}, r.y, 0, sequence, r.table, Write::overwrite); }},
    {"fill_normal", 1,
     [](const Rows& r) {
       fill_normal({}, r.y, 1, 0.02, {{r.rows, r.width}, {0, 0}});
     }},
};

const Case logit_cases[] = {
    small_cases[0],
    {"log_sum_exp", 1,
     [](const Rows& r) {
       log_sum_exp({}, r.x, {0, vocabulary}, r.of_row);
     }},
    {"log_probability_gradient", 2,
     [](const Rows& r) {
       log_probability_gradient({}, r.x, r.of_row, r.tokens, {0, vocabulary}, r.of_row_too, r.x);
     }},
};

void optimizer(benchmark::State& state) {
  const Rows p(state), v(state);
  const AdamWStep step{.rate = 1e-4, .weight_decay = 0.1};
  for (auto iteration : state) adamw({}, p.x, p.y, p.z, v.x, step);
  state.SetBytesProcessed(7 * 4 * p.rows * p.width * static_cast<std::int64_t>(state.iterations()));
}

/// Of weights in bf16, beside their masters in fp32.
void optimizer_with_copies(benchmark::State& state) {
  const Rows p(state), v(state);
  const Filled weight(DType::bf16, {p.rows, p.width});
  const AdamWState whole{p.x, p.z, v.x};
  fill({}, v.x, 0.1);
  for (auto iteration : state) adamw({}, whole, p.y, whole, {}, weight, {.rate = 1e-4, .weight_decay = 0.1});
  state.SetBytesProcessed(30 * p.rows * p.width * static_cast<std::int64_t>(state.iterations()));
}

/// The same, of which masters are weights and remainders.
void optimizer_with_remainders(benchmark::State& state) {
  const Rows p(state), v(state);
  const Filled weight(DType::bf16, {p.rows, p.width});
  const lanes::Memory memory(2 * p.rows * p.width);
  const AdamWState parts{weight, p.z, v.x, {memory.data(), DType::i16, {p.rows, p.width}}};
  split({}, p.x, parts);
  fill({}, v.x, 0.1);
  for (auto iteration : state) adamw({}, parts, p.y, parts, {}, {}, {.rate = 1e-4, .weight_decay = 0.1});
  state.SetBytesProcessed(28 * p.rows * p.width * static_cast<std::int64_t>(state.iterations()));
}

const int registered = [] {
  const auto add_case = [](const Case& one) {
    return benchmark::RegisterBenchmark(
        one.name, [one](benchmark::State& state) { measure(state, one.tensors, one.run); });
  };
  for (const Case& one : small_cases)
    add_case(one)->Args({16, 384})->Args({2048, 384})->Args({1024, 768})->Args({1024, 3072});
  for (const Case& one : logit_cases) add_case(one)->Args({512, vocabulary})->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("adamw", optimizer)->Args({1024, 384})->Args({10000, 3000});
  benchmark::RegisterBenchmark("adamw_with_copies", optimizer_with_copies)
      ->Args({1024, 384})
      ->Args({10000, 3000});
  benchmark::RegisterBenchmark("adamw_with_remainders", optimizer_with_remainders)
      ->Args({1024, 384})
      ->Args({10000, 3000});
  return 0;
}();

}  // namespace
}  // namespace heddle::kernels
