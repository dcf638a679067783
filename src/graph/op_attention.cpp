// attention: causal softmax(q k^T * scale) v within each sample, from qkv [rows, 3, heads, head_dim]. Beside
// the output [rows, heads, head_dim] it makes each row's log-sum-exp, from which the adjoint computes the
// probabilities anew (FlashAttention-2, Dao, arXiv 2307.08691); the matrix of all pairs is never stored.
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

std::vector<Shape> shape(const Graph& graph, const Node& node) {
  const Shape& qkv = graph[node.in[0]].shape;
  const std::int64_t heads = qkv[2], head_dim = qkv[3];
  return {{rows, heads, head_dim}, {rows, heads}};
}

std::vector<Shape> gradient_shape(const Graph& graph, const Node& node) { return {graph[node.in[3]].shape}; }

AxisLayout layout(const Node&, const Graph&, std::span<const maps::Part> in, const AxisChoice&) {
  const maps::Part qkv = in[0], out = qkv == maps::split(2) ? maps::split(1) : qkv;
  return {{qkv}, {out, out}};
}

void adjoint(const Node& node, AdjointWriter& writer) {
  writer.contribute(0, Op::attention_gradient, {writer.cotangent(), node.out[0], node.out[1], node.in[0]},
                    node.attributes);
}

// A row sees (sequence + 1) / 2 rows on average, with one multiply-add for q k^T and one for p v each.
double pairs(const NodeCall& call, const Shape& out) {
  return static_cast<double>(out.count()) * (static_cast<double>(call.extents[sequence]) + 1) / 2;
}
double flops(const NodeCall& call) { return 4 * pairs(call, call.out[0]); }
double gradient_flops(const NodeCall& call) { return 10 * pairs(call, call.in[0]); }

}  // namespace

const OpDefinition attention_op = {
    .types = {"s", "sw"}, .shape = shape, .flops = flops, .layout = layout, .adjoint = adjoint};
const OpDefinition attention_gradient_op = {
    .types = {"ssws", "s"}, .shape = gradient_shape, .flops = gradient_flops};

}  // namespace heddle::graph
