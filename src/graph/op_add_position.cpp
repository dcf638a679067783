// add_position: y[r, :] = x[r, :] + table[position of row r, :].
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

AxisLayout layout(const Node&, const Graph&, std::span<const maps::Part>, const AxisChoice& axis) {
  return {{axis.stream, beside(axis.stream)}, {axis.stream}};
}

void adjoint(const Node&, AdjointWriter& writer) {
  const ValueId dy = writer.cotangent();
  writer.pass_on(0, dy);
  writer.accumulate({1}, Op::position_gradient, {dy});
}

}  // namespace

const OpDefinition add_position_op = {
    .shape = like_first, .flops = per_element<1>, .layout = layout, .adjoint = adjoint, .in_place = true};
const OpDefinition position_gradient_op = {.flops = per_element<1>};

}  // namespace heddle::graph
