// residual_norm: y = x + dropout(branch + bias), and the layer norm of y with its statistics: what passes/residual_norms.hpp makes of the
// two. It stands in programs alone.
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

std::vector<Shape> shape(const Graph& graph, const Node& node) {
  const Shape& x = graph[node.in[0]].shape;
  return {x, x, {x[0]}, {x[0]}};
}

}  // namespace

const OpDefinition residual_norm_op = {
    .types = {"ssw", "ssww"}, .shape = shape, .flops = per_element<residual_flops + layer_norm_flops>};

}  // namespace heddle::graph
