// embedding: y[r, :] = table[tokens[r], :]. Where the table is split over its vocabulary, rows of foreign
// tokens are zero and y is partial. The adjoint adds rows of dy into the table.
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

std::vector<OutputType> shape(const Graph& graph, const Node& node) {
  const Value& table = graph[node.in[0]];
  return {{table.dtype, {rows, table.shape[1]}}};
}

AxisLayout layout(const Node&, const Graph&, std::span<const maps::Part> in, const AxisChoice& axis) {
  if (axis.shards_weights) return {{maps::split(0), {}}, {maps::partial}};
  return {{beside(in[1]), {}}, {in[1]}};
}

void adjoint(const Node& node, AdjointWriter& writer) {
  writer.accumulate({0}, Op::embedding_gradient, {writer.cotangent(), node.in[1], node.in[0]});
}

double no_flops(const Node&, std::span<const Shape>, std::span<const Shape>) { return 0; }

}  // namespace

const OpDefinition embedding_op = {shape, no_flops, layout, adjoint};
const OpDefinition embedding_gradient_op = {nullptr, per_element<1>, nullptr, nullptr};

}  // namespace heddle::graph
