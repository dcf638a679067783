// The layout rules: what an op needs can be reached from what the ops before it make, and the rules that
// stand for Megatron's and Korthikanti's layouts, by hand.
#include <gtest/gtest.h>

#include "../support/models.hpp"
#include "heddle/graph/ops.hpp"
#include "samples.hpp"

namespace heddle::graph {
namespace {

using maps::copied;
using maps::log_partial;
using maps::Part;
using maps::partial;
using maps::split;
using maps::whole;

constexpr AxisChoice over_data{split(0), false}, over_tensor{whole, true}, with_rows_split{split(0), true};

bool reachable(Part from, Part to) {
  const auto map = [](Part a, Part b) { return maps::conversion(a, b, maps::Axis::tensor).has_value(); };
  return map(from, to) || (map(from, whole) && map(whole, to));
}

/// A parameter's home is whole or a split; its use may be that or, from whole, a copy for each rank.
bool a_parameter_may_be(Part part) { return part != partial && part != log_partial; }

TEST(LayoutRules, ReachableThroughAWholeModelAlongEveryKindOfAxis) {
  const Graph graph = tests::small_gpt();
  for (const AxisChoice& axis : {over_data, over_tensor, with_rows_split}) {
    std::vector<Part> part(graph.values.size(), axis.shards_weights ? whole : split(0));
    for (const Node& node : graph.nodes) {
      std::vector<Part> in;
      for (ValueId id : node.in) in.push_back(part[id]);
      const AxisLayout rule = definition(node.op).layout(node, graph, in, axis);
      ASSERT_EQ(rule.in.size(), node.in.size()) << name(node.op);
      ASSERT_EQ(rule.out.size(), node.out.size()) << name(node.op);
      for (std::size_t i = 0; i < in.size(); ++i) {
        if (!rule.in[i]) {
          EXPECT_EQ(graph[node.in[i]].dtype, DType::i32) << "only indices may lie in any way";
          continue;
        }
        const bool parameter = graph[node.in[i]].role == Role::parameter;
        EXPECT_TRUE(parameter ? a_parameter_may_be(*rule.in[i]) : reachable(in[i], *rule.in[i]))
            << name(node.op) << " wants " << name(*rule.in[i]) << " of " << graph[node.in[i]].name
            << ", which is " << name(in[i]);
      }
      for (std::size_t i = 0; i < node.out.size(); ++i) part[node.out[i]] = rule.out[i];
    }
    EXPECT_EQ(part[graph.outputs.front()], axis.shards_weights ? whole : partial);
  }
}

struct Rule {
  Op op;
  std::vector<Part> given;
  AxisChoice axis;
  std::vector<std::optional<Part>> in;
  std::vector<Part> out;
  int sample = 0;  ///< which of the op's samples
};

TEST(LayoutRules, ByHand) {
  const Part any = whole;
  const std::vector<Rule> rules = {
      // Over the data axis rows are split and parameters shared.
      {Op::embedding, {any, split(0)}, over_data, {copied, {}}, {split(0)}},
      {Op::linear, {split(0), any, any}, over_data, {split(0), copied, copied}, {split(0)}},
      {Op::attention, {split(0)}, over_data, {split(0)}, {split(0), split(0)}},
      {Op::log_sum_exp, {split(0)}, over_data, {split(0)}, {split(0)}},
      {Op::log_probability, {split(0), split(0), split(0)}, over_data, {split(0), split(0), {}}, {split(0)}},
      {Op::nll, {split(0)}, over_data, {split(0)}, {partial}},
      // Over the tensor axis: vocabulary-split table, heads split, hidden features split.
      {Op::embedding, {any, whole}, over_tensor, {split(0), {}}, {partial}},
      {Op::linear, {whole, any, any}, over_tensor, {copied, split(1), split(1)}, {split(2)}},
      {Op::linear, {split(1), any}, over_tensor, {split(1), split(1)}, {partial}, 1},
      {Op::linear, {split(2), any}, over_tensor, {split(2), split(2)}, {partial}, 1},
      {Op::attention, {split(2)}, over_tensor, {split(2)}, {split(1), split(1)}},
      {Op::bias_gelu, {split(1), any}, over_tensor, {split(1), split(0)}, {split(1)}},
      {Op::residual, {whole, partial, any}, over_tensor, {whole, whole, whole}, {whole}},
      {Op::layer_norm, {whole, any, any}, over_tensor, {whole, whole, whole}, {whole, whole, whole}},
      {Op::log_sum_exp, {split(1)}, over_tensor, {split(1)}, {log_partial}},
      {Op::log_probability, {split(1), log_partial, any}, over_tensor, {split(1), copied, {}}, {partial}},
      {Op::nll, {partial}, over_tensor, {whole}, {whole}},
      // With the rows of the residual stream split over it.
      {Op::add_position, {partial, any}, with_rows_split, {split(0), copied}, {split(0)}},
      {Op::residual, {split(0), partial, any}, with_rows_split, {split(0), split(0), copied}, {split(0)}},
      {Op::linear, {split(0), any, any}, with_rows_split, {copied, split(1), split(1)}, {split(2)}},
      {Op::layer_norm,
       {split(0), any, any},
       with_rows_split,
       {split(0), copied, copied},
       {split(0), split(0), split(0)}},
  };
  for (const Rule& rule : rules) {
    std::vector<Sample> of_op;
    for (const Sample& sample : forward_samples())
      if (sample.op == rule.op) of_op.push_back(sample);
    const Graph graph = graph_of(of_op.at(rule.sample));
    const AxisLayout layout = definition(rule.op).layout(graph.nodes.front(), graph, rule.given, rule.axis);
    EXPECT_EQ(layout.in, rule.in) << name(rule.op) << " of " << name(rule.given.front());
    EXPECT_EQ(layout.out, rule.out) << name(rule.op) << " of " << name(rule.given.front());
  }
}

TEST(LayoutRules, ARowParallelLinearRefusesABias) {
  Graph graph;
  const ValueId x = graph.add(activation("x", {rows, width}));
  const ValueId w = graph.add(parameter("w", {hidden, width})), b = graph.add(parameter("b", {hidden}));
  append(graph, Op::linear, {x, w, b}, "y", Linear{});
  const std::vector<Part> given = {split(1), whole, whole};
  EXPECT_THROW(definition(Op::linear).layout(graph.nodes.front(), graph, given, over_tensor), Error);
}

}  // namespace
}  // namespace heddle::graph
