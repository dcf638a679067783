// The modules up to the passes, compiled with one line more in the table of axes: nothing else has to know
// a new axis.
#include <gtest/gtest.h>

#include "../layouts.hpp"
#include "heddle/passes/differentiate.hpp"

namespace heddle::passes {
namespace {

const maps::Grid grid({2, 1, 2, 3});  // data, pipeline, tensor, replica

TEST(AnotherAxis, IsCountedAndNamedInTheGrid) {
  EXPECT_EQ(grid.size(), 12);
  EXPECT_EQ(maps::name(grid), "data 2 x pipeline 1 x tensor 2 x replica 3");
  EXPECT_EQ(grid.group_of(Axis::replica, 4), (std::vector{3, 4, 5}));
  EXPECT_TRUE(maps::within_stage.contains(Axis::replica));
  // A grid of before, whose order does not know it.
  EXPECT_EQ(maps::Grid({2, 1, 2}, {Axis::tensor, Axis::data, Axis::pipeline}).size(), 4);
}

TEST(AnotherAxis, ModelsAreLaidOverIt) {
  for (ResidualStream stream : both_streams) {
    const Graph graph = parallelize(tests::small_gpt(), grid, stream);
    expect_typed(graph, grid, stream);
    const maps::Layout& tokens = graph[tests::find(graph, "tokens")].layout;
    EXPECT_EQ(maps::name(tokens), "[data split(0), replica split(0)]");
  }
}

TEST(AnotherAxis, GradientsAreSummedOverIt) {
  for (ResidualStream stream : both_streams) {
    const Graph graph = parallelize(tests::small_gpt(), grid, stream);
    const Program program = differentiate(partition(graph, {}).front());
    const auto sums = reductions(program);
    EXPECT_EQ(sums.size(), program.trained.size());
    for (const Reduction& sum : sums) {
      EXPECT_TRUE(sum.axes.contains(Axis::data) && sum.axes.contains(Axis::replica)) << maps::name(sum.axes);
    }
  }
}

}  // namespace
}  // namespace heddle::passes
