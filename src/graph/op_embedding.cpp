// embedding: y[r, :] = table[tokens[r], :]. Where the table is split over its vocabulary, rows of foreign
// tokens are zero and y is partial. The adjoint adds rows of dy into the table.
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

std::vector<Shape> shape(const Graph& graph, const Node& node) {
  return {Shape{rows, graph[node.in[0]].shape[1]}};
}

AxisLayout layout(const Node&, const Graph&, std::span<const maps::Part> in, const AxisChoice& axis) {
  if (axis.shards_weights) return {{maps::split(0), {}}, {maps::partial}};
  return {{beside(in[1]), {}}, {in[1]}};
}

void adjoint(const Node& node, AdjointWriter& writer) {
  writer.accumulate({0}, Op::embedding_gradient, {writer.cotangent(), node.in[1], node.in[0]});
}

// Of the table only the rows of the tokens are touched: read for y; read and written where dy is added.
double bytes(std::int64_t touches, const Value& table, const Value& tokens, const Shape& row_shape) {
  return static_cast<double>(touches * row_shape.count() * size_of(table.dtype) +
                             row_shape[0] * size_of(tokens.dtype));
}
double forward_bytes(const NodeCall& call) {
  return bytes(2, call.graph[call.node.in[0]], call.graph[call.node.in[1]], call.out[0]);
}
double gradient_bytes(const NodeCall& call) {
  return bytes(3, call.graph[call.node.in[0]], call.graph[call.node.in[1]], call.in[0]);
}

}  // namespace

const OpDefinition embedding_op = {.types = {"si", "s"},
                                   .shape = shape,
                                   .flops = no_flops,
                                   .layout = layout,
                                   .adjoint = adjoint,
                                   .bytes = forward_bytes};
const OpDefinition embedding_gradient_op = {
    .types = {"sis", "w"}, .flops = per_element<1>, .bytes = gradient_bytes};

}  // namespace heddle::graph
