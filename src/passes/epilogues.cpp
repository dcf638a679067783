#include "heddle/passes/epilogues.hpp"

#include "pairs.hpp"

namespace heddle::passes {
namespace {

using graph::Graph;
using graph::Node;
using graph::Op;
using graph::ValueId;

/// Of a product: is its result bf16, and no bias added to it yet?
bool may_do_more(const Graph& graph, const Node& product) {
  return product.in.size() == 2 && graph[product.out.front()].dtype == DType::bf16;
}

}  // namespace

Graph with_biases_in_products(Graph graph) {
  Pairs(graph).join(Op::linear, Op::bias_gelu, Pairs::Reads::alone,
                    [&](Node linear, Node gelu) -> std::vector<Node> {
                      if (!may_do_more(graph, linear) || gelu.in.size() != 2) return {};
                      linear.in.push_back(gelu.in.back());
                      gelu.in.pop_back();
                      return {std::move(linear), std::move(gelu)};
                    });
  return graph;
}

Program with_gelu_slopes_in_products(Program program) {
  std::vector<ValueId> sent;
  for (const Border& border : program.borders)
    sent.insert(sent.end(), border.sent_cotangents.begin(), border.sent_cotangents.end());
  Pairs(program.graph, sent)
      .join(Op::linear_input_gradient, Op::bias_gelu_gradient, Pairs::Reads::alone,
            [&](Node product, const Node& slope) -> std::vector<Node> {
              if (!may_do_more(program.graph, product) || slope.in.size() != 2) return {};
              product.op = Op::linear_gelu_gradient;
              product.in.push_back(slope.in.back());
              product.out = slope.out;
              return {std::move(product)};
            });
  return program;
}

}  // namespace heddle::passes
