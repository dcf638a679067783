#include "padding.hpp"

#include <algorithm>

#include "heddle/passes/invariant.hpp"
#include "heddle/passes/loss_tail.hpp"

namespace heddle::schedule {
namespace {

using graph::Node;
using graph::Op;
using graph::ValueId;

/// Where a node knows of padding; -1: it has no such value.
struct Head {
  ValueId read = -1, made = -1;  ///< logits or their cotangent
  ValueId table = -1;            ///< or its gradient
};

Head head_of(const Node& node) {
  switch (node.op) {
    case Op::linear:
      if (node.in.size() > 2) return {};  // a bias has no padding
      return {.made = node.out[0], .table = node.in[1]};
    case Op::linear_input_gradient: return {.read = node.in[0], .table = node.in[1]};
    case Op::linear_weight_gradient: return {.read = node.in[0], .table = node.out[0]};
    case Op::log_sum_exp:
    case Op::log_probability: return {.read = node.in[0]};
    case Op::log_probability_gradient: return {.read = node.in[0], .made = node.out[0]};
    default: return {};
  }
}

/// Whatever the cross entropy takes a row of, or makes.
std::vector<bool> logits_of(const graph::Graph& graph) {
  std::vector<bool> logits(graph.values.size(), false);
  for (const Node& node : graph.nodes) {
    const Head head = head_of(node);
    if (head.table >= 0) continue;
    for (const ValueId id : {head.read, head.made})
      if (id >= 0) logits[id] = true;
  }
  return logits;
}

}  // namespace

std::vector<Padded> padded_values(const passes::Program& program) {
  const graph::Graph& graph = program.graph;
  const std::vector<bool> logits = logits_of(graph), inside = passes::inside_loss(program),
                          invariant = passes::step_invariant(graph);
  std::vector<Padded> padded(graph.values.size(), Padded::no);
  for (std::size_t id = 0; id < padded.size(); ++id) {
    if (!logits[id]) continue;
    if (!inside[id]) return std::vector(padded.size(), Padded::no);
    padded[id] = Padded::columns;
  }
  for (const Node& node : graph.nodes) {
    const Head head = head_of(node);
    const auto is_logits = [&](ValueId id) { return id >= 0 && logits[id]; };
    const bool knows = std::ranges::count_if(node.in, is_logits) == is_logits(head.read) &&
                       std::ranges::count_if(node.out, is_logits) == is_logits(head.made);
    const bool has_table = head.table >= 0 && (is_logits(head.read) || is_logits(head.made));
    if (!knows || (has_table && !invariant[head.table] && graph[head.table].role != graph::Role::gradient))
      return std::vector(padded.size(), Padded::no);
    if (has_table) padded[head.table] = Padded::rows;
  }
  return padded;
}

}  // namespace heddle::schedule
