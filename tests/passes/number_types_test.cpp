// Which values of a model stream as bf16, and what products read.
#include "heddle/passes/number_types.hpp"

#include <gtest/gtest.h>

#include <set>

#include "heddle/passes/differentiate.hpp"
#include "layouts.hpp"

namespace heddle::passes {
namespace {

Graph bf16_gpt(const maps::Grid& grid, ResidualStream stream = ResidualStream::whole) {
  return with_types(parallelize(tests::small_gpt(), grid, stream), Precision::bf16);
}

std::vector<const Node*> conversions(const Graph& graph) {
  std::vector<const Node*> found;
  for (const Node& node : graph.nodes)
    if (node.op == Op::convert) found.push_back(&node);
  return found;
}

TEST(NumberTypes, AModelThatStreamsInTheTypeOfItsParametersStaysAsItIs) {
  const Graph model = tests::small_gpt();
  EXPECT_EQ(text(with_types(model, Precision::fp32)), text(model));
}

TEST(NumberTypes, WhatHasRowsIsBf16ButForStatisticsAndParametersAreFp32) {
  const Graph graph = bf16_gpt(maps::Grid());
  const std::set<Op> statistics = {Op::log_sum_exp, Op::log_probability};
  for (const Node& node : graph.nodes) {
    const DType wanted = statistics.contains(node.op) ? DType::f32 : DType::bf16;
    EXPECT_EQ(graph[node.out.front()].dtype, node.op == Op::nll ? DType::f64 : wanted)
        << graph::name(node.op);
  }
  for (ValueId id : tests::parameters(graph)) EXPECT_EQ(graph[id].dtype, DType::f32) << graph[id].name;
}

TEST(NumberTypes, EachWeightIsConvertedOnceHoweverOftenItIsUsed) {
  for (const maps::Grid& grid : some_grids())
    for (ResidualStream stream : both_streams) {
      const Graph graph = bf16_gpt(grid, stream);
      std::set<std::string> weights;
      for (const Node* node : conversions(graph)) {
        const graph::Value &from = graph[node->in.front()], &to = graph[node->out.front()];
        EXPECT_TRUE(weights.insert(from.name).second) << from.name;
        EXPECT_EQ(from.layout, to.layout);
        EXPECT_EQ(to.role, Role::copy);
      }
      EXPECT_EQ(weights.size(), 1u + 2 * 4);  // the table, which is tied, and four of each layer
      EXPECT_TRUE(weights.contains("embedding.token"));
      expect_typed(graph, grid, stream);
    }
}

TEST(NumberTypes, WithoutMastersWeightsAreBf16AndWhatIsReadWideStaysSo) {
  for (const maps::Grid& grid : some_grids()) {
    const Graph laid = parallelize(tests::small_gpt(), grid, ResidualStream::whole);
    const Graph graph = with_types(laid, Precision::bf16, Masters::none);
    EXPECT_EQ(text(with_types(laid, Precision::bf16, Masters::remainder)), text(graph))
        << "a remainder is no copy";
    EXPECT_TRUE(conversions(graph).empty());
    EXPECT_EQ(graph.nodes.size(), laid.nodes.size());
    for (ValueId id : tests::parameters(graph)) {
      const std::string& name = graph[id].name;
      const bool vector = name.ends_with(".bias") || name.find("norm") != std::string::npos;
      EXPECT_EQ(graph[id].dtype, vector || name == "embedding.position" ? DType::f32 : DType::bf16) << name;
    }
    for (const Trained& trained : differentiate(partition(graph, {}).front()).trained)
      EXPECT_GE(trained.gradient, 0);
  }
  const Graph model = tests::small_gpt();
  EXPECT_EQ(text(with_types(model, Precision::fp32, Masters::none)), text(model));
}

TEST(NumberTypes, GradientsAreSummedInFp32AndCotangentsStreamAsBf16) {
  for (const maps::Grid& grid : some_grids())
    for (const Share& share : partition(bf16_gpt(grid), {2})) {
      const Program program = differentiate(share);
      check_types(program.graph);
      for (const Trained& trained : program.trained) {
        EXPECT_EQ(program.graph[trained.gradient].dtype, DType::f32);
        for (ValueId sum : trained.sums) EXPECT_EQ(program.graph[sum].dtype, DType::f32);
      }
      for (const Border& border : program.borders)
        for (const auto* values : {&border.sent, &border.received, &border.sent_cotangents})
          for (ValueId id : *values) EXPECT_EQ(program.graph[id].dtype, DType::bf16);
    }
}

std::string without(std::string text, const std::string& word) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos;) text.erase(at, word.size());
  return text;
}

TEST(NumberTypes, UnderTf32AllProductsRoundTheirFactorsAndNothingElseDiffers) {
  for (const maps::Grid& grid : some_grids()) {
    const Graph laid = parallelize(tests::small_gpt(), grid, ResidualStream::whole);
    const ById<PipelineRank, Share> plain = partition(with_types(laid, Precision::fp32), {2}),
                                    rounded = partition(with_types(laid, Precision::tf32), {2});
    for (const PipelineRank rank : plain.ids()) {
      const Program program = differentiate(rounded[rank]);
      int products = 0;
      for (const Node& node : program.graph.nodes)
        if (std::string_view(graph::name(node.op)).starts_with("linear")) {
          EXPECT_EQ(std::get<graph::Linear>(node.attributes).rounding, Rounding::tf32);
          ++products;
        }
      EXPECT_GE(products, 3 * 4) << "each linear of a layer and both its gradients";
      const std::string told = text(program.graph), fp32 = text(differentiate(plain[rank]).graph);
      EXPECT_NE(told, fp32);
      EXPECT_EQ(without(told, "(tf32)"), fp32);
    }
  }
}

}  // namespace
}  // namespace heddle::passes
