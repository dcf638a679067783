// layer_norm: y = (x - mean) * rstd * weight + bias over the last dim (Ba et al., arXiv 1607.06450). It also
// makes each row's mean and rstd = 1 / sqrt(variance + epsilon), which the adjoint uses.
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

std::vector<Shape> shape(const Graph& graph, const Node& node) {
  const Shape& x = graph[node.in[0]].shape;
  return {x, {x[0]}, {x[0]}};
}

AxisLayout layout(const Node&, const Graph&, std::span<const maps::Part>, const AxisChoice& axis) {
  const maps::Part parameter = beside(axis.stream);
  return {{axis.stream, parameter, parameter}, {axis.stream, axis.stream, axis.stream}};
}

void adjoint(const Node& node, AdjointWriter& writer) {
  const ValueId dy = writer.cotangent(), x = node.in[0], mean = node.out[1], rstd = node.out[2];
  writer.contribute(0, Op::layer_norm_input_gradient, {dy, x, node.in[1], mean, rstd});
  writer.accumulate({1, 2}, Op::layer_norm_parameter_gradient, {dy, x, mean, rstd});
}

/// The statistics are kept.
Node recompute(const Node& node) {
  return {Op::layer_norm_apply,
          {node.in[0], node.in[1], node.in[2], node.out[1], node.out[2]},
          {},
          {},
          node.block};
}

}  // namespace

const OpDefinition layer_norm_op = {.types = {"sww", "sww"},
                                    .shape = shape,
                                    .flops = per_element<layer_norm_flops>,
                                    .layout = layout,
                                    .adjoint = adjoint,
                                    .recompute = recompute};
const OpDefinition layer_norm_input_gradient_op = {
    .types = {"ssw", "s"}, .shape = like_first, .flops = per_element<11>};
const OpDefinition layer_norm_parameter_gradient_op = {.types = {"ssw", "ww"}, .flops = per_element<5>};

}  // namespace heddle::graph
