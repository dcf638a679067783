// bias_gelu: y = gelu(x (+ bias)), in the tanh form of GPT-2 (Hendrycks & Gimpel, arXiv 1606.08415).
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

AxisLayout layout(const Node& node, const Graph&, std::span<const maps::Part> in, const AxisChoice&) {
  const maps::Part x = in[0];
  if (node.in.size() == 1) return {{x}, {x}};
  const bool features = x.kind == maps::Part::Kind::split && x.dim > 0;
  return {{x, features ? maps::split(x.dim - 1) : beside(x)}, {x}};
}

void adjoint(const Node& node, AdjointWriter& writer) {
  std::vector<ValueId> in = {writer.cotangent()};
  in.insert(in.end(), node.in.begin(), node.in.end());
  const ValueId dx = writer.emit(Op::bias_gelu_gradient, std::move(in));
  writer.pass_on(0, dx);
  if (node.in.size() > 1) writer.accumulate({1}, Op::bias_gradient, {dx});
}

Node recompute(const Node& node) { return {node.op, node.in, {}, {}, node.block}; }

}  // namespace

const OpDefinition bias_gelu_op = {.types = {"sw", "s"},
                                   .shape = like_first,
                                   .flops = per_element<12>,
                                   .layout = layout,
                                   .adjoint = adjoint,
                                   .in_place = true,
                                   .recompute = recompute};
const OpDefinition bias_gelu_gradient_op = {
    .types = {"ssw", "s"}, .shape = like_first, .flops = per_element<gelu_slope_flops>, .in_place = true};

}  // namespace heddle::graph
