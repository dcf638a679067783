// Cross entropy over a vocabulary that may be split, in three ops, so that the logits are never gathered:
//   log_sum_exp:     lse[r] = log sum_v exp(logits[r, v]), over this block of the vocabulary;
//   log_probability: the target's logit - lse[r] if the target lies in this block, else 0, as for a target that does not
//                    count (base/target.hpp); partial if split;
//   nll:             in fp64, since many microbatches are summed, minus the mean of it over the targets of the step that count: the run knows how many.
// The gradient of log_probability is the one through lse too, so nothing is
// differentiated through log_sum_exp.
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

using maps::Part;

bool over_vocabulary(Part logits) { return logits == maps::split(1); }

std::vector<Shape> one_a_row(const Graph& graph, const Node& node) {
  return {Shape{graph[node.in[0]].shape[0]}};
}

AxisLayout sum_layout(const Node&, const Graph&, std::span<const Part> in, const AxisChoice&) {
  return {{in[0]}, {over_vocabulary(in[0]) ? maps::log_partial : in[0]}};
}

AxisLayout probability_layout(const Node&, const Graph&, std::span<const Part> in, const AxisChoice&) {
  if (over_vocabulary(in[0])) return {{in[0], maps::copied, {}}, {maps::partial}};
  return {{in[0], in[0], {}}, {in[0]}};
}
void probability_adjoint(const Node& node, AdjointWriter& writer) {
  writer.contribute(0, Op::log_probability_gradient,
                    {node.in[0], node.in[1], node.in[2], writer.cotangent()});
}
/// A logit, the log-sum-exp, the target and the result of each row.
double gathered_bytes(const NodeCall& call) {
  const auto size = [&](ValueId id) { return size_of(call.graph[id].dtype); };
  const std::int64_t row =
      size(call.node.in[0]) + size(call.node.in[1]) + size(call.node.out[0]) + size_of(DType::i32);
  return static_cast<double>(call.out[0].count() * row);
}
double one_flop_a_row(const NodeCall& call) { return static_cast<double>(call.out[0].count()); }

std::vector<Shape> nll_shape(const Graph&, const Node&) { return {Shape{}}; }
AxisLayout nll_layout(const Node&, const Graph&, std::span<const Part> in, const AxisChoice&) {
  const Part rows_part = in[0] == maps::split(0) ? maps::split(0) : maps::whole;
  return {{rows_part}, {rows_part == maps::whole ? maps::whole : maps::partial}};
}
void nll_adjoint(const Node& node, AdjointWriter& writer) {
  writer.contribute(0, Op::nll_gradient, {node.in[0]});
}

}  // namespace

const OpDefinition log_sum_exp_op = {
    .types = {"s", "w"}, .shape = one_a_row, .flops = per_element<4>, .layout = sum_layout};
const OpDefinition log_probability_op = {.types = {"swi", "w"},
                                         .shape = one_a_row,
                                         .flops = one_flop_a_row,
                                         .layout = probability_layout,
                                         .adjoint = probability_adjoint,
                                         .bytes = gathered_bytes};
const OpDefinition log_probability_gradient_op = {
    .types = {"swiw", "s"}, .shape = like_first, .flops = per_element<4>, .in_place = true};
const OpDefinition nll_op = {.types = {"w", "d"},
                             .shape = nll_shape,
                             .flops = per_element<1>,
                             .layout = nll_layout,
                             .adjoint = nll_adjoint};
const OpDefinition nll_gradient_op = {.types = {"w", "w"}, .shape = like_first, .flops = per_element<1>};

}  // namespace heddle::graph
