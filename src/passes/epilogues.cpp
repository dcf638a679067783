#include "heddle/passes/epilogues.hpp"

#include <algorithm>
#include <iterator>
#include <span>

namespace heddle::passes {
namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;
using graph::ValueId;

/// Joins pairs of nodes of which the second alone reads, as its first input, what the first makes.
class Pairs {
 public:
  /// `sent` goes to somebody else.
  explicit Pairs(Graph& graph, std::span<const ValueId> sent = {})
      : graph_(graph), maker_(graph.values.size(), -1), uses_(maker_.size(), 0) {
    for (NodeId id = 0; id < std::ssize(graph.nodes); ++id) {
      for (const ValueId out : graph.nodes[id].out) maker_[out] = id;
      for (const ValueId in : graph.nodes[id].in) ++uses_[in];
    }
    for (const ValueId id : graph.outputs) ++uses_[id];
    for (const ValueId id : sent) ++uses_[id];
  }

  /// Where `second` follows `first`, which goes and comes back as what `join(first, second)` puts before the second's place.
  template <class Join>
  void join(Op first, Op second, std::size_t inputs, Join&& join) {
    std::vector<bool> gone(graph_.nodes.size(), false);
    std::vector<std::vector<Node>> instead(gone.size());
    for (NodeId id = 0; id < std::ssize(graph_.nodes); ++id) {
      const Node& node = graph_.nodes[id];
      if (node.op != second || node.in.size() != inputs) continue;
      const NodeId before = maker_[node.in.front()];
      if (before < 0 || !is_pair(graph_.nodes[before], first, node)) continue;
      gone[before] = gone[id] = true;
      instead[id] = join(graph_.nodes[before], node);
    }
    std::vector<Node> nodes;
    for (NodeId id = 0; id < std::ssize(graph_.nodes); ++id) {
      std::ranges::copy(instead[id], std::back_inserter(nodes));
      if (!gone[id]) nodes.push_back(std::move(graph_.nodes[id]));
    }
    graph_.nodes = std::move(nodes);
  }

 private:
  bool is_pair(const Node& first, Op op, const Node& second) const {
    const ValueId between = first.out.front();
    return first.op == op && first.in.size() == 2 && uses_[between] == 1 &&
           graph_[between].dtype == DType::bf16 && first.phase == second.phase &&
           first.stage == second.stage && first.recomputed == second.recomputed && first.tail == second.tail;
  }

  Graph& graph_;
  std::vector<NodeId> maker_;  ///< of each value; -1: none
  std::vector<int> uses_;
};

}  // namespace

Graph with_biases_in_products(Graph graph) {
  Pairs(graph).join(Op::linear, Op::bias_gelu, 2, [](Node linear, Node gelu) {
    linear.in.push_back(gelu.in.back());
    gelu.in.pop_back();
    return std::vector{std::move(linear), std::move(gelu)};
  });
  return graph;
}

Program with_gelu_slopes_in_products(Program program) {
  std::vector<ValueId> sent;
  for (const Border& border : program.borders)
    sent.insert(sent.end(), border.sent_cotangents.begin(), border.sent_cotangents.end());
  Pairs(program.graph, sent)
      .join(Op::linear_input_gradient, Op::bias_gelu_gradient, 2, [](Node product, const Node& slope) {
        product.op = Op::linear_gelu_gradient;
        product.in.push_back(slope.in.back());
        product.out = slope.out;
        return std::vector{std::move(product)};
      });
  return program;
}

}  // namespace heddle::passes
