// Stages hold every node once and hand on what later ones need; cuts are as balanced as cuts can be.
#include "heddle/passes/partition.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>

#include "../support/expect_error.hpp"
#include "heddle/passes/invariant.hpp"
#include "layouts.hpp"

namespace heddle::passes {
namespace {

using Names = std::vector<std::string>;

ValueId parameter(Graph& graph, const char* name) {
  return graph.add({.name = name, .role = Role::parameter, .shape = {4}});
}
ValueId gelu(Graph& graph, ValueId x, ValueId bias, const char* name, int block) {
  return append(graph, Op::bias_gelu, {x, bias}, name, {}, graph::BlockId(block)).front();
}

/// Four blocks; the value `skip` goes from the first to the last, the parameter `outer` is used by the first
/// and the last, `inner` by the second and third.
Graph with_skip_and_ties() {
  Graph graph;
  const ValueId x = graph.add({.name = "x", .role = Role::input, .shape = {graph::rows, 4}});
  const ValueId outer = parameter(graph, "outer"), inner = parameter(graph, "inner");
  const ValueId skip = gelu(graph, x, outer, "skip", 0);
  const ValueId a = gelu(graph, skip, inner, "a", 1);
  const ValueId b = gelu(graph, a, inner, "b", 2);
  const ValueId sum = append(graph, Op::add, {b, skip}, "sum", {}, graph::BlockId(3)).front();
  graph.outputs = {gelu(graph, sum, outer, "y", 3)};
  return graph;
}

Names parameter_names(const Graph& graph) { return tests::names(graph, tests::parameters(graph)); }

TEST(Partition, AValueThatSkipsStagesIsHandedFromStageToStage) {
  const auto stages = partition(with_skip_and_ties(), {1, 2, 3});
  ASSERT_EQ(stages.size(), 4u);
  const auto received = [&](PipelineRank i) {
    return tests::names(stages[i].graph, stages[i].borders[0].received);
  };
  const auto sent = [&](PipelineRank i) { return tests::names(stages[i].graph, stages[i].borders[0].sent); };
  const PipelineRank second(1), third(2), last(3);
  EXPECT_EQ(received(PipelineRank(0)), Names{});
  EXPECT_EQ(sent(PipelineRank(0)), Names{"skip"});
  EXPECT_EQ(sent(second), (Names{"skip", "a"}));
  EXPECT_EQ(sent(third), (Names{"skip", "b"}));
  EXPECT_EQ(sent(last), Names{});
  for (const PipelineRank i : first<PipelineRank>(3)) EXPECT_EQ(received(i + 1), sent(i));
  // Stage 2 has no use of its own for it: what it sends is what it received.
  EXPECT_EQ(stages[third].borders[0].sent[0], stages[third].borders[0].received[0]);
  for (const Share& stage : stages)
    for (ValueId id : stage.borders[0].received) EXPECT_EQ(stage.graph[id].role, Role::input);
}

TEST(Partition, TiedParametersStandInEveryStageThatUsesThem) {
  const auto stages = partition(with_skip_and_ties(), {1, 2, 3});
  EXPECT_EQ(parameter_names(stages[PipelineRank(0)].graph), Names{"outer"});
  EXPECT_EQ(parameter_names(stages[PipelineRank(1)].graph), Names{"inner"});
  EXPECT_EQ(parameter_names(stages[PipelineRank(2)].graph), Names{"inner"});
  EXPECT_EQ(parameter_names(stages[PipelineRank(3)].graph), Names{"outer"});
}

TEST(Partition, OutputsBelongToTheStageThatMakesThem) {
  const auto stages = partition(with_skip_and_ties(), {1, 2, 3});
  for (const PipelineRank i : first<PipelineRank>(3)) EXPECT_TRUE(stages[i].graph.outputs.empty()) << i;
  EXPECT_EQ(tests::names(stages.back().graph, stages.back().graph.outputs), Names{"y"});
}

std::string line(const Graph& graph, const Node& node) {
  return fmt::format("{} {} {}", node.block, graph::name(node.op), graph[node.out.front()].name) +
         name(graph[node.out.front()].layout);
}

/// Lines of the nodes that run for every microbatch.
Names lines(const Graph& graph) {
  Names all;
  const auto invariant = step_invariant(graph);
  for (const Node& node : graph.nodes)
    if (!invariant[node.out.front()]) all.push_back(line(graph, node));
  return all;
}

/// Every value is made, handed in, or a parameter, before it is used.
void expect_complete(const Graph& graph) {
  std::vector<bool> known;
  for (const graph::Value& value : graph.values) known.push_back(value.role != Role::activation);
  for (const Node& node : graph.nodes) {
    for (ValueId id : node.in) EXPECT_TRUE(known[id]) << graph[id].name;
    for (ValueId id : node.out) known[id] = true;
  }
}

TEST(Partition, TheStagesNodesAreTheGraphsNodes) {
  for (const maps::Grid& grid : some_grids())
    for (ResidualStream stream : both_streams) {
      const Graph graph = parallelize(tests::small_gpt(6), grid, stream);
      for (const std::vector<int>& cuts : {std::vector<int>{}, {3}, {1, 7}, {1, 2, 3, 4, 5, 6, 7}}) {
        Names all;
        const auto stages = partition(graph, cuts);
        const int last = static_cast<int>(cuts.size());
        ASSERT_EQ(stages.size(), cuts.size() + 1);
        for (const PipelineRank i : stages.ids()) {
          const Graph& stage = stages[i].graph;
          expect_complete(stage);
          expect_typed(stage, grid, stream);
          for (const std::string& node : lines(stage)) all.push_back(node);
          for (const Node& node : stage.nodes) {
            const bool here = (i == 0 || node.block >= cuts[i - 1]) && (i == last || node.block < cuts[i]);
            EXPECT_TRUE(here || tests::map_of(node)) << line(stage, node);
          }
        }
        EXPECT_EQ(all, lines(graph));
      }
    }
}

TEST(Partition, WhatIsSentIsReceivedInTheSameLayoutAndOrder) {
  for (ResidualStream stream : both_streams) {
    const auto stages = partition(parallelize(tests::small_gpt(6), maps::Grid({2, 4, 2}), stream), {2, 4, 6});
    for (const PipelineRank i : first<PipelineRank>(3)) {
      const Share &from = stages[i], &to = stages[i + 1];
      ASSERT_EQ(from.borders[0].sent.size(), 1u) << "only the residual stream crosses a cut";
      const graph::Value &sent = from.graph[from.borders[0].sent[0]],
                         &received = to.graph[to.borders[0].received[0]];
      EXPECT_EQ(sent.name, received.name);
      EXPECT_EQ(sent.shape, received.shape);
      EXPECT_EQ(sent.layout, received.layout);
    }
  }
}

TEST(Partition, TheTiedTableIsSharedAnewInBothStages) {
  const Graph graph = parallelize(tests::small_gpt(2), maps::Grid({2, 2, 2}), ResidualStream::whole);
  for (const Share& stage : partition(graph, {2})) {
    const ValueId table = tests::find(stage.graph, "embedding.token");
    EXPECT_EQ(stage.graph[table].role, Role::parameter);
    int broadcasts = 0;
    for (const Node& node : stage.graph.nodes) broadcasts += tests::map_of(node) && node.in[0] == table;
    EXPECT_EQ(broadcasts, 1);
  }
}

TEST(Partition, InputsOfTheModelStandWhereTheyAreUsed) {
  const auto stages = partition(tests::small_gpt(2), {1, 2});
  const auto has = [](const Share& stage, const char* name) {
    return std::ranges::count(stage.graph.values, name, &graph::Value::name) > 0;
  };
  for (const PipelineRank i : stages.ids()) {
    EXPECT_EQ(has(stages[i], "tokens"), i == 0);
    EXPECT_EQ(has(stages[i], "targets"), i == 2);
  }
}

/// FLOPs and 16 for each byte, as a core pays for them.
std::vector<double> block_costs(const Graph& graph, const graph::Extents& extents) {
  std::vector<double> costs;
  for (const Node& node : graph.nodes) {
    costs.resize(std::max<std::size_t>(costs.size(), static_cast<std::size_t>(node.block) + 1));
    const Cost cost = graph::cost(graph, node, extents);
    costs[static_cast<std::size_t>(node.block)] += cost.flops + 16 * cost.bytes;
  }
  return costs;
}

double slowest(const std::vector<double>& costs, const std::vector<int>& cuts) {
  double most = 0, sum = 0;
  for (int block = 0; block < static_cast<int>(costs.size()); ++block) {
    if (std::ranges::count(cuts, block)) sum = 0;
    most = std::max(most, sum += costs[static_cast<std::size_t>(block)]);
  }
  return most;
}

/// The least over all retentions to cut, by trying them.
double least_slowest(const std::vector<double>& costs, int stages, std::vector<int> cuts = {}) {
  if (static_cast<int>(cuts.size()) == stages - 1) return slowest(costs, cuts);
  double least = std::numeric_limits<double>::infinity();
  for (int cut = cuts.empty() ? 1 : cuts.back() + 1; cut < static_cast<int>(costs.size()); ++cut) {
    cuts.push_back(cut);
    least = std::min(least, least_slowest(costs, stages, cuts));
    cuts.pop_back();
  }
  return least;
}

TEST(BalancedCuts, AreTheBestOfAll) {
  for (int layers : {1, 2, 3, 6, 8})
    for (std::int64_t vocabulary : {5, 257, 1000, 20000}) {
      deck::Model model = tests::small_model(layers);
      model.vocabulary = vocabulary;
      const Graph graph = model::build(model, model::Head::loss, DType::f32);
      const std::vector<double> costs = block_costs(graph, one_sample);
      for (int stages = 1; stages <= layers + 2; ++stages) {
        const std::vector<int> cuts = balanced_cuts(graph, stages, one_sample);
        ASSERT_EQ(static_cast<int>(cuts.size()), stages - 1);
        EXPECT_TRUE(std::ranges::is_sorted(cuts, std::less_equal<>{}));
        EXPECT_DOUBLE_EQ(slowest(costs, cuts), least_slowest(costs, stages))
            << layers << " layers, " << stages;
      }
    }
}

TEST(BalancedCuts, CountTheHead) {
  deck::Model model = tests::small_model(6);
  model.vocabulary = 5;
  const auto cuts = [&] {
    return balanced_cuts(model::build(model, model::Head::loss, DType::f32), 2,
                         graph::Extents::microbatch(32, 16));
  };
  EXPECT_EQ(cuts(), std::vector<int>{4});  // embedding and three layers, three layers and the head
  model.vocabulary = 20000;
  EXPECT_EQ(cuts(), std::vector<int>{7});  // the head alone outweighs six layers
}

/// What a step shares once is no cost of a microbatch: the data axis does not move the cuts.
TEST(BalancedCuts, AreTheSameForEveryNumberOfReplicas) {
  for (int layers : {4, 6, 9})
    for (std::int64_t vocabulary : {5, 257, 1000, 4000})
      for (int stages : {2, 3, 4}) {
        deck::Model model = tests::small_model(layers);
        model.vocabulary = vocabulary;
        const Graph graph = model::build(model, model::Head::loss, DType::f32);
        const Graph replicated = parallelize(graph, maps::Grid({4, stages, 1}), ResidualStream::whole);
        EXPECT_EQ(balanced_cuts(replicated, stages, one_sample), balanced_cuts(graph, stages, one_sample))
            << layers << " layers, vocabulary " << vocabulary << ", " << stages << " stages";
      }
}

TEST(BalancedCuts, RefusesMoreStagesThanBlocks) {
  EXPECT_EQ(balanced_cuts(tests::small_gpt(2), 4, one_sample), (std::vector<int>{1, 2, 3}));
  tests::expect_error(ExitCode::usage, {"5 stages", "4 blocks"},
                      [] { balanced_cuts(tests::small_gpt(2), 5, one_sample); });
}

}  // namespace
}  // namespace heddle::passes
