// One definition for each op, each in its own file, and the little that several of them share.
#pragma once

#include "heddle/graph/ops.hpp"

namespace heddle::graph {

extern const OpDefinition embedding_op, embedding_gradient_op, add_position_op, position_gradient_op,
    layer_norm_op, layer_norm_apply_op, layer_norm_input_gradient_op, layer_norm_parameter_gradient_op,
    linear_op, linear_input_gradient_op, linear_weight_gradient_op, linear_gelu_gradient_op, bias_gradient_op,
    bias_gelu_op, bias_gelu_gradient_op, attention_op, attention_gradient_op, dropout_op, residual_op,
    residual_norm_op, add_op, log_sum_exp_op, log_probability_op, log_probability_gradient_op, nll_op,
    nll_gradient_op, sum_of_squares_op, adamw_op, restore_op, convert_op, map_op;

/// The shape rule of ops whose one output is like their first input.
inline std::vector<Shape> like_first(const Graph& graph, const Node& node) {
  return {graph[node.in[0]].shape};
}

/// The cost rule of ops that do so many operations for each element of their first input.
template <int operations>
double per_element(const NodeCall& call) {
  return static_cast<double>(operations) * static_cast<double>(call.in[0].count());
}

/// What ops that another op may hold do for each element.
inline constexpr int gelu_slope_flops = 20, residual_flops = 4, layer_norm_flops = 8;

/// The cost rule of ops that only move numbers.
inline double no_flops(const NodeCall&) { return 0; }

/// What a small parameter (a bias, a norm's weight) has to be where rows lie as `rows`: shared by the rows'
/// owners through a broadcast if these differ, or simply there.
inline maps::Part beside(maps::Part rows_part) {
  return rows_part == maps::split(0) ? maps::copied : maps::whole;
}

}  // namespace heddle::graph
