// add: y = a + b; also how the cotangents of a value with several uses are summed.
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

AxisLayout layout(const Node&, const Graph&, std::span<const maps::Part> in, const AxisChoice&) {
  return {{in[0], in[0]}, {in[0]}};
}

void adjoint(const Node&, AdjointWriter& writer) {
  writer.pass_on(0, writer.cotangent());
  writer.pass_on(1, writer.cotangent());
}

}  // namespace

const OpDefinition add_op = {.types = {"a", "a"},
                             .shape = like_first,
                             .flops = per_element<1>,
                             .layout = layout,
                             .adjoint = adjoint,
                             .in_place = true};

}  // namespace heddle::graph
