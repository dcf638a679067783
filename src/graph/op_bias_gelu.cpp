// bias_gelu: y = gelu(x + bias), in the tanh form of GPT-2 (Hendrycks & Gimpel, arXiv 1606.08415).
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

AxisLayout layout(const Node&, const Graph&, std::span<const maps::Part> in, const AxisChoice&) {
  const maps::Part x = in[0];
  const bool features = x.kind == maps::Part::Kind::split && x.dim > 0;
  return {{x, features ? maps::split(x.dim - 1) : beside(x)}, {x}};
}

void adjoint(const Node& node, AdjointWriter& writer) {
  const ValueId dx = writer.emit(Op::bias_gelu_gradient, {writer.cotangent(), node.in[0], node.in[1]});
  writer.pass_on(0, dx);
  writer.accumulate({1}, Op::bias_gradient, {dx});
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
    .types = {"ssw", "s"}, .shape = like_first, .flops = per_element<20>, .in_place = true};

}  // namespace heddle::graph
