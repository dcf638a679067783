// Cross entropy over a vocabulary that may be split, in three ops, so that the logits are never gathered:
//   row_max: m[r] = max_v logits[r, v], over this block of the vocabulary;
//   exp_sum: (sum_v exp(logits[r, v] - m[r]), the target's logit if it lies in this block, else 0), partial
//   if split; nll:     the mean over the rows of the step of log(sum) + m - target logit.
// The shift m cancels, so nothing is differentiated through it.
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

using maps::Part;

bool over_vocabulary(Part logits) { return logits == maps::split(1); }

std::vector<OutputType> max_shape(const Graph& graph, const Node& node) {
  const Value& logits = graph[node.in[0]];
  return {{logits.dtype, {logits.shape[0]}}};
}
AxisLayout max_layout(const Node&, const Graph&, std::span<const Part> in, const AxisChoice&) {
  return {{in[0]}, {over_vocabulary(in[0]) ? maps::maximum : in[0]}};
}

std::vector<OutputType> sum_shape(const Graph& graph, const Node& node) {
  const Value& logits = graph[node.in[0]];
  return {{logits.dtype, {logits.shape[0], 2}}};
}
AxisLayout sum_layout(const Node&, const Graph&, std::span<const Part> in, const AxisChoice&) {
  if (over_vocabulary(in[0])) return {{in[0], maps::copied, {}}, {maps::partial}};
  return {{in[0], in[0], {}}, {in[0]}};
}
void sum_adjoint(const Node& node, AdjointWriter& writer) {
  writer.contribute(0, Op::exp_sum_gradient, {node.in[0], node.in[1], node.in[2], writer.cotangent()});
}

std::vector<OutputType> nll_shape(const Graph&, const Node&) {
  return {{DType::f64, {}}};  // summed over many microbatches
}
AxisLayout nll_layout(const Node&, const Graph&, std::span<const Part> in, const AxisChoice&) {
  const Part rows_part = in[0] == maps::split(0) ? maps::split(0) : maps::whole;
  return {{rows_part, rows_part}, {rows_part == maps::whole ? maps::whole : maps::partial}};
}
void nll_adjoint(const Node& node, AdjointWriter& writer) {
  writer.contribute(0, Op::nll_gradient, {node.in[0]});
}

}  // namespace

const OpDefinition row_max_op = {max_shape, per_element<1>, max_layout, nullptr};
const OpDefinition exp_sum_op = {sum_shape, per_element<4>, sum_layout, sum_adjoint};
const OpDefinition exp_sum_gradient_op = {like_first, per_element<4>, nullptr, nullptr, true};
const OpDefinition nll_op = {nll_shape, per_element<2>, nll_layout, nll_adjoint};
const OpDefinition nll_gradient_op = {like_first, per_element<1>, nullptr, nullptr};

}  // namespace heddle::graph
