// Layouts as types: duals, names, and what a rank holds.
#include "heddle/maps/layout.hpp"

#include <gtest/gtest.h>

#include "heddle/maps/local.hpp"
#include "support.hpp"

namespace heddle::maps {
namespace {

using enum Axis;

TEST(Layout, DualIsAnInvolutionThatSwapsCopiedAndPartial) {
  EXPECT_EQ(dual(copied), partial);
  EXPECT_EQ(dual(whole), whole);
  EXPECT_EQ(dual(split(3)), split(3));
  for (Part part : {whole, copied, partial, split(1)}) EXPECT_EQ(dual(dual(part)), part);
  const Layout layout = Layout().with(data, split(0)).with(tensor, copied);
  EXPECT_EQ(dual(layout), Layout().with(data, split(0)).with(tensor, partial));
}

TEST(Layout, Names) {
  EXPECT_EQ(name(Layout()), "[]");
  EXPECT_EQ(name(Layout().with(data, split(0)).with(tensor, copied)), "[data split(0), tensor copied]");
  EXPECT_EQ(name(log_partial), "log_partial");
  EXPECT_EQ(name(Axis::data | Axis::tensor), "data*tensor");
  EXPECT_EQ(name(AxisSet()), "");
}

TEST(LocalBox, SplitsBalancedAndLeavesTheRestWhole) {
  const Grid grid({1, 1, 3});
  const Layout layout = Layout().with(tensor, split(1));
  EXPECT_EQ(local_box({4, 7}, layout, grid, 0), (Box{{0, 4}, {0, 3}}));
  EXPECT_EQ(local_box({4, 7}, layout, grid, 2), (Box{{0, 4}, {5, 7}}));
  EXPECT_EQ(local_shape({4, 2}, layout, grid, 2), (Shape{4, 0}));
  EXPECT_EQ(local_shape({4, 7}, Layout().with(tensor, partial), grid, 1), (Shape{4, 7}));
}

TEST(LocalBox, DataSplitsBeforeTensorWhateverTheOrderOfTheGrid) {
  const Layout layout = Layout().with(data, split(0)).with(tensor, split(0));
  for (const Grid& grid : {Grid({2, 1, 2}), Grid({2, 1, 2}, {tensor, pipeline, data})}) {
    Coordinates place;
    place[data] = 1;
    EXPECT_EQ(local_box({6}, layout, grid, grid.rank(place)), (Box{{3, 5}}));
    place[tensor] = 1;
    EXPECT_EQ(local_box({6}, layout, grid, grid.rank(place)), (Box{{5, 6}}));
  }
}

TEST(LocalBox, SplitBoxesTileTheTensor) {
  const Layout layout = Layout().with(data, split(0)).with(tensor, split(1)).with(pipeline, split(0));
  for (const Grid& grid : some_grids())
    for (const Shape& global : {Shape{7, 5}, Shape{2, 2}, Shape{12, 8}, Shape{0, 3}}) {
      LocalTensor covered(global);
      for (int rank = 0; rank < grid.size(); ++rank)
        for_each_run(Box(global), local_box(global, layout, grid, rank), [&](auto offset, auto length) {
          for (auto i = offset; i < offset + length; ++i) covered.values[i] += 1;
        });
      EXPECT_EQ(covered, LocalTensor(global, 1));
    }
}

}  // namespace
}  // namespace heddle::maps
