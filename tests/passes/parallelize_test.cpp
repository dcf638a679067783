// Which maps lay GPT-2 over a grid, and which must never be there.
#include "heddle/passes/parallelize.hpp"

#include <gtest/gtest.h>

#include <map>

#include "heddle/maps/local.hpp"
#include "layouts.hpp"

namespace heddle::passes {
namespace {

using maps::split;
using maps::whole;

const maps::Grid tensor2({1, 1, 2}), tensor4({1, 1, 4});

/// The maps of each block that move bytes, in order.
std::map<int, std::vector<MapKind>> communication(const Graph& graph) {
  std::map<int, std::vector<MapKind>> kinds;
  for (const Node& node : graph.nodes)
    if (const Map* map = tests::map_of(node); map && communicates(map->kind))
      kinds[node.block].push_back(map->kind);
  return kinds;
}

struct Line {
  Op op;
  int block;
  std::vector<std::string> in, out;
  bool operator==(const Line&) const = default;
};
std::vector<Line> lines(const Graph& graph) {
  std::vector<Line> all;
  for (const Node& node : graph.nodes)
    all.push_back({node.op, node.block, tests::names(graph, node.in), tests::names(graph, node.out)});
  return all;
}

TEST(Parallelize, OneDeviceChangesNothing) {
  const Graph model = tests::small_gpt();
  for (ResidualStream stream : both_streams) {
    const Graph laid = parallelize(model, maps::Grid(), stream);
    EXPECT_EQ(lines(laid), lines(model));
    EXPECT_EQ(laid.values.size(), model.values.size());
    for (const graph::Value& value : laid.values) EXPECT_EQ(value.layout, maps::Layout{}) << value.name;
    EXPECT_EQ(tests::names(laid, laid.outputs), tests::names(model, model.outputs));
  }
}

TEST(Parallelize, ThePipelineAxisAloneChangesNothing) {
  const Graph model = tests::small_gpt();
  EXPECT_EQ(lines(parallelize(model, maps::Grid({1, 4, 1}), ResidualStream::whole)), lines(model));
}

TEST(Parallelize, ForwardIsSilentOverTheDataAxis) {
  const Graph graph = parallelize(tests::small_gpt(), maps::Grid({4, 1, 1}), ResidualStream::whole);
  EXPECT_TRUE(communication(graph).empty());
  EXPECT_EQ(graph[tests::find(graph, "tokens")].layout[Axis::data], split(0));
  EXPECT_EQ(graph[graph.outputs.front()].layout[Axis::data], maps::partial);
  for (ValueId id : tests::parameters(graph)) EXPECT_EQ(graph[id].layout, maps::Layout{}) << graph[id].name;
}

TEST(Parallelize, TwoAllReducesALayerAndThoseOfEmbeddingAndLoss) {
  using enum MapKind;
  for (const maps::Grid& grid : {tensor2, tensor4, maps::Grid({3, 1, 4})}) {
    const auto kinds = communication(parallelize(tests::small_gpt(3), grid, ResidualStream::whole));
    EXPECT_EQ(kinds, (std::map<int, std::vector<MapKind>>{{0, {sum_reduce}},
                                                          {1, {sum_reduce, sum_reduce}},
                                                          {2, {sum_reduce, sum_reduce}},
                                                          {3, {sum_reduce, sum_reduce}},
                                                          {4, {log_sum_reduce, sum_reduce}}}));
  }
}

TEST(Parallelize, SplitRowsScatterAndGatherInstead) {
  using enum MapKind;
  const std::vector<MapKind> layer = {all_gather, reduce_scatter, all_gather, reduce_scatter};
  for (const maps::Grid& grid : {tensor2, tensor4, maps::Grid({3, 1, 4})}) {
    const auto kinds = communication(parallelize(tests::small_gpt(2), grid, ResidualStream::split_rows));
    EXPECT_EQ(
        kinds,
        (std::map<int, std::vector<MapKind>>{
            {0, {reduce_scatter}}, {1, layer}, {2, layer}, {3, {all_gather, log_sum_reduce, sum_reduce}}}));
  }
}

TEST(Parallelize, ValuesLieAsTheNodesSay) {
  for (const maps::Grid& grid : some_grids())
    for (ResidualStream stream : both_streams) {
      expect_typed(parallelize(tests::small_gpt(), grid, stream), grid, stream);
      if (HasFailure()) FAIL() << "on " << name(grid);
    }
}

/// A bias that joins before the sum over the ranks is counted once a rank.
TEST(Parallelize, BiasesJoinAfterTheSumOfPartialProducts) {
  for (ResidualStream stream : both_streams) {
    const Graph graph = parallelize(tests::small_gpt(), tensor4, stream);
    const MapKind sum = stream == ResidualStream::whole ? MapKind::sum_reduce : MapKind::reduce_scatter;
    int branches = 0;
    for (const Node& node : graph.nodes) {
      const bool row_parallel =
          node.op == Op::linear && graph[node.out[0]].layout[Axis::tensor] == maps::partial;
      EXPECT_TRUE(!row_parallel || node.in.size() == 2) << graph[node.out[0]].name;
      if (node.op != Op::residual) continue;
      ++branches;
      const Node* reduced = tests::maker(graph, node.in[1]);
      ASSERT_TRUE(tests::map_of(*reduced));
      EXPECT_EQ(tests::map_of(*reduced)->kind, sum);
      EXPECT_EQ(tests::maker(graph, reduced->in[0])->op, Op::linear);
    }
    EXPECT_EQ(branches, 4);
  }
}

TEST(Parallelize, HomesOfParameters) {
  const std::map<std::string, maps::Part> split_homes = {
      {"embedding.token", split(0)},
      {"layers.0.attention.qkv.weight", split(1)},
      {"layers.0.attention.qkv.bias", split(1)},
      {"layers.0.attention.out.weight", split(1)},
      {"layers.0.mlp.up.weight", split(0)},
      {"layers.0.mlp.up.bias", split(0)},
      {"layers.0.mlp.down.weight", split(1)},
  };
  for (const maps::Grid& grid : {tensor2, maps::Grid({2, 2, 4})})
    for (ResidualStream stream : both_streams) {
      const Graph graph = parallelize(tests::small_gpt(1), grid, stream);
      for (ValueId id : tests::parameters(graph)) {
        const auto home = split_homes.find(graph[id].name);
        EXPECT_EQ(graph[id].layout,
                  maps::Layout{}.with(Axis::tensor, home == split_homes.end() ? whole : home->second))
            << graph[id].name;
      }
    }
}

TEST(Parallelize, AParameterIsSharedOnceForAllItsUses) {
  const Graph graph = parallelize(tests::small_gpt(), maps::Grid({2, 1, 2}), ResidualStream::whole);
  std::map<std::string, int> broadcasts;
  for (const Node& node : graph.nodes)
    if (tests::map_of(node) && graph[node.in[0]].role == Role::parameter)
      ++broadcasts[graph[node.in[0]].name];
  EXPECT_EQ(broadcasts.size(), tests::parameters(graph).size());
  for (const auto& [name, count] : broadcasts) EXPECT_EQ(count, 1) << name;
}

TEST(Parallelize, AVocabularyThatDoesNotDivideIsSplitUnevenly) {
  const auto rows_of = [](const maps::Grid& grid) {
    const Graph graph = parallelize(tests::small_gpt(), grid, ResidualStream::whole);
    const graph::Value& table = graph[tests::find(graph, "embedding.token")];
    std::vector<std::int64_t> extents;
    for (int rank = 0; rank < grid.size(); ++rank)
      extents.push_back(maps::local_shape(table.shape, table.layout, grid, rank)[0]);
    return extents;
  };
  EXPECT_EQ(rows_of(tensor2), (std::vector<std::int64_t>{129, 128}));
  EXPECT_EQ(rows_of(tensor4), (std::vector<std::int64_t>{65, 64, 64, 64}));
}

TEST(Parallelize, LogitsAreNeverGathered) {
  for (const maps::Grid& grid : some_grids())
    for (ResidualStream stream : both_streams) {
      const Graph graph = parallelize(tests::small_gpt(), grid, stream);
      for (const graph::Value& value : graph.values)
        if (value.shape == Shape{graph::rows, 257}) {
          EXPECT_EQ(value.name, "logits");
          EXPECT_EQ(value.layout[Axis::tensor], grid.extent(Axis::tensor) > 1 ? split(1) : whole);
        }
      for (const Node& node : graph.nodes)
        EXPECT_FALSE(tests::map_of(node) && graph[node.in[0]].name == "logits");
    }
}

/// A table that a position and an embedding read: the first use settles the home, the second is led there
/// by a map.
TEST(Parallelize, TheFirstUseSettlesAHomeAndLaterOnesAreLedThere) {
  for (bool embedding_first : {false, true})
    for (ResidualStream stream : both_streams) {
      Graph model;
      const ValueId tokens =
          model.add({.name = "tokens", .role = Role::input, .dtype = DType::i32, .shape = {graph::rows}});
      const ValueId table = model.add({.name = "table", .role = Role::parameter, .shape = {8, 4}});
      const ValueId other = model.add({.name = "other", .role = Role::parameter, .shape = {8, 4}});
      const ValueId x = append(model, Op::embedding, {embedding_first ? table : other, tokens}, "x").front();
      const ValueId y = append(model, Op::add_position, {x, table}, "y").front();
      append(model, Op::embedding, {table, tokens}, "z");
      model.outputs = {y};
      const Graph graph = parallelize(model, tensor2, stream);
      expect_typed(graph, tensor2, stream);
      EXPECT_EQ(graph[tests::find(graph, "table")].layout[Axis::tensor], embedding_first ? split(0) : whole);
    }
}

TEST(Parallelize, RefusesAParameterThatIsWantedInTwoSplits) {
  Graph model;
  const ValueId x = model.add({.name = "x", .role = Role::input, .shape = {graph::rows, 8}});
  const ValueId w = model.add({.name = "w", .role = Role::parameter, .shape = {4, 4, 8}});
  append(model, Op::linear, {x, w}, "y", graph::Linear{0});
  append(model, Op::linear, {x, w}, "z", graph::Linear{1});
  EXPECT_THROW(parallelize(model, tensor2, ResidualStream::whole), Error);
  EXPECT_NO_THROW(parallelize(model, maps::Grid({2, 1, 1}), ResidualStream::whole));
}

}  // namespace
}  // namespace heddle::passes
