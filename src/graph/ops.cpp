#include "heddle/graph/ops.hpp"

#include <array>

#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

struct Entry {
  std::string_view name;
  const OpDefinition* definition;
};

// In the order of the enum.
constexpr std::array<Entry, op_count> table = {{
    {"embedding", &embedding_op},
    {"embedding_gradient", &embedding_gradient_op},
    {"add_position", &add_position_op},
    {"position_gradient", &position_gradient_op},
    {"layer_norm", &layer_norm_op},
    {"layer_norm_apply", &layer_norm_apply_op},
    {"layer_norm_input_gradient", &layer_norm_input_gradient_op},
    {"layer_norm_parameter_gradient", &layer_norm_parameter_gradient_op},
    {"linear", &linear_op},
    {"linear_input_gradient", &linear_input_gradient_op},
    {"linear_weight_gradient", &linear_weight_gradient_op},
    {"bias_gradient", &bias_gradient_op},
    {"bias_gelu", &bias_gelu_op},
    {"bias_gelu_gradient", &bias_gelu_gradient_op},
    {"attention", &attention_op},
    {"attention_gradient", &attention_gradient_op},
    {"dropout", &dropout_op},
    {"residual", &residual_op},
    {"add", &add_op},
    {"log_sum_exp", &log_sum_exp_op},
    {"log_probability", &log_probability_op},
    {"log_probability_gradient", &log_probability_gradient_op},
    {"nll", &nll_op},
    {"nll_gradient", &nll_gradient_op},
    {"sum_of_squares", &sum_of_squares_op},
    {"adamw", &adamw_op},
    {"restore", &restore_op},
    {"map", &map_op},
}};

}  // namespace

std::string_view name(Op op) { return table[static_cast<int>(op)].name; }

const OpDefinition& definition(Op op) { return *table[static_cast<int>(op)].definition; }

Cost cost(const Graph& graph, const Node& node, std::span<const Shape> in, std::span<const Shape> out) {
  const OpDefinition& op = definition(node.op);
  Cost cost{op.flops(node, in, out), 0};
  if (op.bytes) {
    cost.bytes = op.bytes(graph, node, in, out);
    return cost;
  }
  const auto add_bytes = [&](const std::vector<ValueId>& ids, std::span<const Shape> shapes) {
    for (std::size_t i = 0; i < ids.size(); ++i)
      cost.bytes += static_cast<double>(shapes[i].count() * size_of(graph[ids[i]].dtype));
  };
  add_bytes(node.in, in);
  add_bytes(node.out, out);
  return cost;
}

}  // namespace heddle::graph
