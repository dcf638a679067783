// A residual connection and the norm of what it makes become one node, where they run at one time.
#include "heddle/passes/residual_norms.hpp"

#include <gtest/gtest.h>

#include "heddle/passes/number_types.hpp"
#include "heddle/passes/rematerialize.hpp"
#include "programs.hpp"

namespace heddle::passes {
namespace {

constexpr int layers = 2;

Program whole_model() { return differentiate(partition(tests::small_gpt(layers), {}).front()); }

void expect_shapes_by_the_rule(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    if (node.op != Op::residual_norm) continue;
    std::vector<Shape> shapes;
    for (const ValueId id : node.out) shapes.push_back(graph[id].shape);
    EXPECT_EQ(shapes, definition(node.op).shape(graph, node));
  }
}

/// What is left of residual connections and norms, once those are joined that may be.
void expect_joined(const Program& before, std::ptrdiff_t joined) {
  const Program after = with_residual_norms(before);
  EXPECT_EQ(count(after.graph, Op::residual_norm), joined);
  EXPECT_EQ(count(after.graph, Op::residual), count(before.graph, Op::residual) - joined);
  EXPECT_EQ(count(after.graph, Op::layer_norm), count(before.graph, Op::layer_norm) - joined);
  EXPECT_EQ(std::ssize(after.graph.nodes), std::ssize(before.graph.nodes) - joined);
  check_types(after.graph);
  expect_shapes_by_the_rule(after.graph);
  expect_in_order(after);
}

/// Each layer has two of both, and one norm is of the embedding. Where backward makes all of a layer anew, that is the first of the two
/// once more: what the second makes is kept.
TEST(ResidualNorms, AreJoinedOnEveryGridWhateverIsRecomputed) {
  for (const maps::Grid& grid : some_grids())
    for (const ResidualStream stream : both_streams)
      for (const Recompute recompute : {Recompute::none, Recompute::attention, Recompute::block}) {
        const Graph graph = with_types(parallelize(tests::small_gpt(layers), grid, stream), Precision::bf16);
        const Share share = partition(graph, {}).front();
        const Program plain = differentiate(share);
        const ById<graph::BlockId, Recompute> by_block(share.graph.blocks.size(), recompute);
        const bool first_of_each = recompute == Recompute::block;
        expect_joined(rematerialize(plain, retentions(plain, by_block)), (first_of_each ? 3 : 2) * layers);
        expect_joined(forward_only(share), 2 * layers);
      }
}

/// Whether the stages have a rank each or share one.
TEST(ResidualNorms, StayApartOnBothSidesOfACut) {
  for (const int second : {0, 1}) {
    const ById<Stage, PipelineRank> rank_of_stage = {PipelineRank(0), PipelineRank(second)};
    std::ptrdiff_t joined = 0;
    for (const Share& share : partition(tests::small_gpt(layers), {2}, rank_of_stage))  // between the layers
      joined += count(with_residual_norms(differentiate(share)).graph, Op::residual_norm);
    EXPECT_EQ(joined, 2 * layers - 1);
  }
}

TEST(ResidualNorms, StayApartWhereTheyRunAtDifferentTimes) {
  const auto joined_with = [](const auto& change) {
    Program program = whole_model();
    change(*std::ranges::find(program.graph.nodes, Op::residual, &Node::op));
    return count(with_residual_norms(program).graph, Op::residual_norm);
  };
  constexpr std::ptrdiff_t all = 2 * layers;
  EXPECT_EQ(joined_with([](Node&) {}), all);
  EXPECT_EQ(joined_with([](Node& node) { node.phase = Phase::loss; }), all - 1);
  EXPECT_EQ(joined_with([](Node& node) { node.stage = Stage(1); }), all - 1);
  EXPECT_EQ(joined_with([](Node& node) { node.tail = true; }), all - 1);
  EXPECT_EQ(joined_with([](Node& node) { node.recomputed = true; }), all - 1);
}

TEST(ResidualNorms, StayApartWhereSomebodyReadsTheSumInBetween) {
  Program program = whole_model();
  Graph& graph = program.graph;
  const auto sum = std::ranges::find(graph.nodes, Op::residual, &Node::op);
  ASSERT_EQ((sum + 1)->op, Op::layer_norm);
  Node reader = *sum;
  reader.op = Op::dropout;
  reader.in = sum->out;
  reader.out = {graph.add(graph[sum->out.front()])};
  graph.nodes.insert(sum + 1, reader);
  expect_joined(program, 2 * layers - 1);
}

TEST(ResidualNorms, ANodeHasWhatBothHad) {
  deck::Model model = tests::small_model(layers);
  model.norm_epsilon = 1e-3;
  const Graph graph = model::build(model, model::Head::loss, DType::f32);
  const Program before = differentiate(partition(graph, {}).front());
  const Program after = with_residual_norms(before);
  const auto sum = std::ranges::find(before.graph.nodes, Op::residual, &Node::op), norm = sum + 1;
  const auto joined = std::ranges::find(after.graph.nodes, Op::residual_norm, &Node::op);
  EXPECT_EQ(joined->in, (std::vector<ValueId>{sum->in[0], sum->in[1], sum->in[2], norm->in[1], norm->in[2]}));
  EXPECT_EQ(joined->out, (std::vector<ValueId>{sum->out[0], norm->out[0], norm->out[1], norm->out[2]}));
  const auto& [dropout, of_norm] = std::get<graph::ResidualNorm>(joined->attributes);
  EXPECT_EQ(dropout.key, std::get<graph::Dropout>(sum->attributes).key);
  EXPECT_EQ(dropout.rate, model.dropout);
  EXPECT_EQ(of_norm.epsilon, model.norm_epsilon);
}

}  // namespace
}  // namespace heddle::passes
