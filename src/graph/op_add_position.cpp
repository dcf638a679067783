// add_position: y[r, :] = x[r, :] + table[position of row r, :].
#include <algorithm>

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

/// Of the table as many rows are touched as a sample has, whatever the context; x, or dy, `passes` times.
double bytes(const NodeCall& call, int passes) {
  const Shape& x = call.in[0];
  const std::int64_t positions = std::min(x[0], call.extents[sequence]);
  return static_cast<double>((passes * x[0] + positions) * x.count(1, x.rank()) *
                             size_of(call.graph[call.node.in[0]].dtype));
}
double forward_bytes(const NodeCall& call) { return bytes(call, 2); }
double gradient_bytes(const NodeCall& call) { return bytes(call, 1); }

}  // namespace

const OpDefinition add_position_op = {.types = {"sw", "s"},
                                      .shape = like_first,
                                      .flops = per_element<1>,
                                      .layout = layout,
                                      .adjoint = adjoint,
                                      .in_place = true,
                                      .bytes = forward_bytes};
const OpDefinition position_gradient_op = {
    .types = {"s", "w"}, .flops = per_element<1>, .bytes = gradient_bytes};

}  // namespace heddle::graph
