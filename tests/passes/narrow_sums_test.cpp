// Sums of bf16 over ranks, taken apart.
#include "heddle/passes/narrow_sums.hpp"

#include <gtest/gtest.h>

#include <map>

#include "heddle/passes/number_types.hpp"
#include "layouts.hpp"

namespace heddle::passes {
namespace {

std::map<MapKind, int> maps_of(Precision precision, const maps::Grid& grid) {
  const Graph graph = with_types(parallelize(tests::small_gpt(), grid, ResidualStream::whole), precision);
  std::map<MapKind, int> counts;
  const Program program = differentiate(partition(graph, {}).front());
  for (const Node& node : program.graph.nodes)
    if (const Map* map = tests::map_of(node)) {
      ++counts[map->kind];
      expect_typed_map(program.graph, node, *map);
      const bool adds = map->kind == MapKind::sum_reduce || map->kind == MapKind::all_sum_reduce;
      EXPECT_FALSE(adds && program.graph[node.in.front()].dtype == DType::bf16);
    }
  return counts;
}

TEST(NarrowSums, AreScatteredAndGathered) {
  for (const maps::Grid& grid : some_grids()) {
    auto wide = maps_of(Precision::fp32, grid), narrow = maps_of(Precision::bf16, grid);
    const int taken_apart = wide[MapKind::sum_reduce] + wide[MapKind::all_sum_reduce] -
                            narrow[MapKind::sum_reduce] - narrow[MapKind::all_sum_reduce];
    EXPECT_EQ(taken_apart > 0, grid.extent(Axis::tensor) > 1);
    EXPECT_EQ(narrow[MapKind::reduce_scatter], taken_apart);
    EXPECT_EQ(narrow[MapKind::gather] + narrow[MapKind::all_gather], taken_apart);
    EXPECT_EQ(narrow[MapKind::log_sum_reduce], wide[MapKind::log_sum_reduce]);
  }
}

TEST(NarrowSums, OverSeveralAxesAreNested) {
  Graph graph;
  const maps::AxisSet axes = Axis::data | Axis::tensor;
  graph::Value x{.name = "x", .role = Role::input, .dtype = DType::bf16, .shape = {graph::rows, 4}};
  x.layout[Axis::data] = x.layout[Axis::tensor] = maps::partial;
  const ValueId in = graph.add(x);
  const ValueId out = append(graph, Op::map, {in}, "y", Map{MapKind::sum_reduce, axes}).front();
  Program program;
  program.graph = graph;
  program = with_narrow_sums(std::move(program));
  std::vector<std::string> names;
  for (const Node& node : program.graph.nodes) {
    names.push_back(name(*tests::map_of(node)));
    expect_typed_map(program.graph, node, *tests::map_of(node));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"reduce_scatter(data, dim 0)", "reduce_scatter(tensor, dim 0)",
                                             "gather(tensor, dim 0)", "gather(data, dim 0)"}));
  EXPECT_EQ(program.graph.nodes.back().out.front(), out);
}

}  // namespace
}  // namespace heddle::passes
