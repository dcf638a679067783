// dropout: y = mask * x / (1 - rate), a diagonal linear map and so its own adjoint (Srivastava et al.,
// JMLR 15, 2014).
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

AxisLayout layout(const Node&, const Graph&, std::span<const maps::Part>, const AxisChoice& axis) {
  return {{axis.stream}, {axis.stream}};
}

void adjoint(const Node& node, AdjointWriter& writer) {
  writer.contribute(0, Op::dropout, {writer.cotangent()}, node.attributes);
}

}  // namespace

const OpDefinition dropout_op = {.types = {"s", "s"},
                                 .shape = like_first,
                                 .flops = per_element<2>,
                                 .layout = layout,
                                 .adjoint = adjoint,
                                 .in_place = true};

}  // namespace heddle::graph
