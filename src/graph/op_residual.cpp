// residual: y = x + dropout(branch + bias). The bias joins here, after the sum over the ranks of a
// row-parallel product, so that it is counted once.
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

AxisLayout layout(const Node&, const Graph&, std::span<const maps::Part>, const AxisChoice& axis) {
  return {{axis.stream, axis.stream, beside(axis.stream)}, {axis.stream}};
}

void adjoint(const Node& node, AdjointWriter& writer) {
  const ValueId dy = writer.cotangent();
  const bool drops = std::get<Dropout>(node.attributes).rate > 0;
  const ValueId dbranch = drops ? writer.emit(Op::dropout, {dy}, node.attributes) : dy;
  writer.pass_on(0, dy);
  writer.pass_on(1, dbranch);
  writer.accumulate({2}, Op::bias_gradient, {dbranch});
}

}  // namespace

const OpDefinition residual_op = {.types = {"ssw", "s"},
                                  .shape = like_first,
                                  .flops = per_element<residual_flops>,
                                  .layout = layout,
                                  .adjoint = adjoint};

}  // namespace heddle::graph
