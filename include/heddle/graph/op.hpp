// The names of the operators. What each one is, is told in its own file, src/graph/op_<name>.cpp, and found
// in the table of graph/ops.hpp.
#pragma once

#include <cstdint>
#include <string_view>

namespace heddle::graph {

enum class Op : std::uint8_t {
  embedding,
  embedding_gradient,
  add_position,
  position_gradient,
  layer_norm,
  layer_norm_apply,
  layer_norm_input_gradient,
  layer_norm_parameter_gradient,
  linear,
  linear_input_gradient,
  linear_weight_gradient,
  linear_gelu_gradient,
  bias_gradient,
  bias_gelu,
  bias_gelu_gradient,
  attention,
  attention_gradient,
  dropout,
  residual,
  residual_norm,
  add,
  log_sum_exp,
  log_probability,
  log_probability_gradient,
  nll,
  nll_gradient,
  sum_of_squares,
  adamw,
  restore,
  convert,
  map,
};
inline constexpr int op_count = static_cast<int>(Op::map) + 1;

std::string_view name(Op op);

}  // namespace heddle::graph
