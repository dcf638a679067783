// linear: y[r, out...] = sum over in... of x[r, in...] weight[out..., in...] (+ bias[out...]). An axis
// that splits weights makes it column-parallel where x is shared (the output dim is split) and
// row-parallel where x comes split (the output is partial): Megatron-LM, arXiv 1909.08053, falls out of
// the two rows of the rule.
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

int out_dims(const Graph& graph, const Node& node) {
  return graph[node.in[1]].shape.rank() - (graph[node.in[0]].shape.rank() - 1);
}

std::vector<Shape> shape(const Graph& graph, const Node& node) {
  const Shape& weight = graph[node.in[1]].shape;
  Shape y = {graph[node.in[0]].shape[0]};
  for (int dim = 0; dim < out_dims(graph, node); ++dim) y.push_back(weight[dim]);
  return {y};
}

std::vector<Shape> input_shape(const Graph& graph, const Node& node) {
  const Shape &dy = graph[node.in[0]].shape, &weight = graph[node.in[1]].shape;
  Shape x = {dy[0]};
  for (int dim = dy.rank() - 1; dim < weight.rank(); ++dim) x.push_back(weight[dim]);
  return {x};
}

AxisLayout with_bias(const Node& node, AxisLayout layout, maps::Part bias) {
  if (node.in.size() > 2) layout.in.push_back(bias);
  return layout;
}

AxisLayout layout(const Node& node, const Graph& graph, std::span<const maps::Part> in,
                  const AxisChoice& axis) {
  const maps::Part x = in[0];
  if (x.kind == maps::Part::Kind::split && x.dim > 0) {  // row-parallel
    HEDDLE_EXPECT(node.in.size() == 2);                  // a bias here would be counted once a rank
    return {{x, maps::split(out_dims(graph, node) + x.dim - 1)}, {maps::partial}};
  }
  if (axis.shards_weights) {  // column-parallel
    const int split_out = std::get<Linear>(node.attributes).split_out;
    return with_bias(node, {{maps::copied, maps::split(split_out)}, {maps::split(1 + split_out)}},
                     maps::split(split_out));
  }
  return with_bias(node, {{x, beside(x)}, {x}}, beside(x));
}

void adjoint(const Node& node, AdjointWriter& writer) {
  const ValueId dy = writer.cotangent();
  writer.contribute(0, Op::linear_input_gradient, {dy, node.in[1]}, node.attributes);
  writer.accumulate({1}, Op::linear_weight_gradient, {dy, node.in[0]}, node.attributes);
  if (node.in.size() > 2) writer.accumulate({2}, Op::bias_gradient, {dy});
}

double flops(const NodeCall& call) {
  const Shape &x = call.in[0], &weight = call.in[1];  // x or dy, and the weight that it is multiplied by
  return 2.0 * static_cast<double>(x[0]) * static_cast<double>(weight.count());
}

double gelu_gradient_flops(const NodeCall& call) {
  return flops(call) + gelu_slope_flops * static_cast<double>(call.out[0].count());
}

double weight_flops(const NodeCall& call) {
  return 2.0 * static_cast<double>(call.in[0][0]) * static_cast<double>(call.out[0].count());
}

}  // namespace

const OpDefinition linear_op = {
    .types = {"ssw", "s"}, .shape = shape, .flops = flops, .layout = layout, .adjoint = adjoint};
const OpDefinition linear_input_gradient_op = {.types = {"s", "s"}, .shape = input_shape, .flops = flops};
const OpDefinition linear_weight_gradient_op = {.types = {"s", "w"}, .flops = weight_flops};
/// dx = (dy weight) * gelu'(x): what passes/epilogues.hpp makes of the input gradient and of bias_gelu's.
const OpDefinition linear_gelu_gradient_op = {
    .types = {"sss", "s"}, .shape = input_shape, .flops = gelu_gradient_flops};
const OpDefinition bias_gradient_op = {.types = {"s", "w"}, .flops = per_element<1>};

}  // namespace heddle::graph
