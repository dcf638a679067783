#include "heddle/graph/ops.hpp"

#include <array>

#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

struct Entry {
  Op op;
  std::string_view name;
  const OpDefinition* definition;
};

constexpr std::array<Entry, op_count> table = {{
    {Op::embedding, "embedding", &embedding_op},
    {Op::embedding_gradient, "embedding_gradient", &embedding_gradient_op},
    {Op::add_position, "add_position", &add_position_op},
    {Op::position_gradient, "position_gradient", &position_gradient_op},
    {Op::layer_norm, "layer_norm", &layer_norm_op},
    {Op::layer_norm_apply, "layer_norm_apply", &layer_norm_apply_op},
    {Op::layer_norm_input_gradient, "layer_norm_input_gradient", &layer_norm_input_gradient_op},
    {Op::layer_norm_parameter_gradient, "layer_norm_parameter_gradient", &layer_norm_parameter_gradient_op},
    {Op::linear, "linear", &linear_op},
    {Op::linear_input_gradient, "linear_input_gradient", &linear_input_gradient_op},
    {Op::linear_weight_gradient, "linear_weight_gradient", &linear_weight_gradient_op},
    {Op::linear_gelu_gradient, "linear_gelu_gradient", &linear_gelu_gradient_op},
    {Op::bias_gradient, "bias_gradient", &bias_gradient_op},
    {Op::bias_gelu, "bias_gelu", &bias_gelu_op},
    {Op::bias_gelu_gradient, "bias_gelu_gradient", &bias_gelu_gradient_op},
    {Op::attention, "attention", &attention_op},
    {Op::attention_gradient, "attention_gradient", &attention_gradient_op},
    {Op::dropout, "dropout", &dropout_op},
    {Op::residual, "residual", &residual_op},
    {Op::residual_norm, "residual_norm", &residual_norm_op},
    {Op::add, "add", &add_op},
    {Op::log_sum_exp, "log_sum_exp", &log_sum_exp_op},
    {Op::log_probability, "log_probability", &log_probability_op},
    {Op::log_probability_gradient, "log_probability_gradient", &log_probability_gradient_op},
    {Op::nll, "nll", &nll_op},
    {Op::nll_gradient, "nll_gradient", &nll_gradient_op},
    {Op::sum_of_squares, "sum_of_squares", &sum_of_squares_op},
    {Op::adamw, "adamw", &adamw_op},
    {Op::restore, "restore", &restore_op},
    {Op::convert, "convert", &convert_op},
    {Op::map, "map", &map_op},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].op) != i) return false;
  return true;
}
static_assert(in_order(), "a row an op, in the order of the enum");

}  // namespace

std::string_view name(Op op) { return table[static_cast<int>(op)].name; }

const OpDefinition& definition(Op op) { return *table[static_cast<int>(op)].definition; }

Cost cost(const NodeCall& call) {
  const OpDefinition& op = definition(call.node.op);
  Cost cost{op.flops(call), 0};
  if (op.bytes) {
    cost.bytes = op.bytes(call);
    return cost;
  }
  const auto add_bytes = [&](const std::vector<ValueId>& ids, std::span<const Shape> shapes) {
    for (std::size_t i = 0; i < ids.size(); ++i)
      cost.bytes += static_cast<double>(shapes[i].count() * size_of(call.graph[ids[i]].dtype));
  };
  add_bytes(call.node.in, call.in);
  add_bytes(call.node.out, call.out);
  return cost;
}

Cost cost(const Graph& graph, const Node& node, const Extents& extents) {
  const auto shapes = [&](const std::vector<ValueId>& ids) {
    std::vector<Shape> all;
    for (ValueId id : ids) all.push_back(resolve(graph[id].shape, extents));
    return all;
  };
  const std::vector<Shape> in = shapes(node.in), out = shapes(node.out);
  return cost(NodeCall{graph, node, in, out, extents});
}

}  // namespace heddle::graph
