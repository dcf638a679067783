// Ranks, coordinates and communicators of the grid.
#include "heddle/maps/grid.hpp"

#include <gmock/gmock.h>

#include "heddle/base/error.hpp"
#include "support.hpp"

namespace heddle::maps {
namespace {

using Groups = std::vector<std::vector<int>>;
using enum Axis;

TEST(Grid, GroupsOfTheKnownAnswer) {
  const Grid grid({2, 2, 2}, {pipeline, data, tensor});
  EXPECT_EQ(grid.groups(tensor), (Groups{{0, 1}, {2, 3}, {4, 5}, {6, 7}}));
  EXPECT_EQ(grid.groups(pipeline), (Groups{{0, 4}, {1, 5}, {2, 6}, {3, 7}}));
  EXPECT_EQ(grid.groups(data), (Groups{{0, 2}, {1, 3}, {4, 6}, {5, 7}}));
}

TEST(Grid, DefaultOrderHasDataSlowestAndTensorFastest) {
  const Grid grid({2, 3, 4});
  EXPECT_EQ(grid.size(), 24);
  EXPECT_EQ(grid.group_of(tensor, 6), (std::vector{4, 5, 6, 7}));
  EXPECT_EQ(grid.group_of(pipeline, 6), (std::vector{2, 6, 10}));
  EXPECT_EQ(grid.group_of(data, 6), (std::vector{6, 18}));
  EXPECT_EQ(name(grid), "data 2 x pipeline 3 x tensor 4");
}

TEST(Grid, CoordinatesAndRanksAreInverse) {
  for (const Grid& grid : some_grids())
    for (int rank = 0; rank < grid.size(); ++rank) EXPECT_EQ(grid.rank(grid.coordinates(rank)), rank);
}

std::vector<int> in_the_tables_order(const Grid& grid, int rank) {
  std::vector<int> place;
  for (Axis axis : all_axes) place.push_back(grid.coordinates(rank)[axis]);
  return place;
}

TEST(Grid, GroupsPartitionTheRanksAndDifferOnlyAlongTheirAxes) {
  for (const Grid& grid : some_grids())
    for (AxisSet axes : all_axis_sets()) {
      std::vector<int> seen;
      for (const auto& group : grid.groups(axes)) {
        EXPECT_EQ(static_cast<int>(group.size()), grid.extent(axes));
        EXPECT_TRUE(
            std::ranges::is_sorted(group, {}, [&](int rank) { return in_the_tables_order(grid, rank); }));
        for (int index = 0; index < static_cast<int>(group.size()); ++index) {
          EXPECT_EQ(grid.index_in(axes, group[index]), index);
          EXPECT_EQ(grid.group_of(axes, group[index]), group);
          for (Axis axis : all_axes)
            if (!axes.contains(axis)) {
              EXPECT_EQ(grid.coordinates(group[index])[axis], grid.coordinates(group[0])[axis]);
            }
          seen.push_back(group[index]);
        }
      }
      std::vector<int> all(grid.size());
      for (int rank = 0; rank < grid.size(); ++rank) all[rank] = rank;
      EXPECT_THAT(seen, testing::UnorderedElementsAreArray(all));
    }
}

TEST(Grid, AnOrderMayLeaveOutAxesOfOneRank) {
  const Grid grid({2, 1, 3}, {tensor, data});
  EXPECT_EQ(name(grid), "tensor 3 x data 2 x pipeline 1");
  EXPECT_EQ(grid.group_of(data, 0), (std::vector{0, 1}));
}

TEST(Grid, RefusesWhatIsNoGrid) {
  const auto code = [](auto make) {
    try {
      make();
    } catch (const Error& error) {
      return error.code();
    }
    return ExitCode::done;
  };
  EXPECT_EQ(code([] { Grid({2, 0, 1}); }), ExitCode::usage);
  EXPECT_EQ(code([] { Grid({2, -3, 1}); }), ExitCode::usage);
  EXPECT_EQ(code([] { Grid({1 << 16, 1 << 16, 1}); }), ExitCode::usage);
  EXPECT_EQ(code([] { Grid({1, 1, 1}, {data, data, tensor}); }), ExitCode::usage);
  EXPECT_EQ(code([] { Grid({1, 2, 1}, {data, tensor}); }), ExitCode::usage);
}

}  // namespace
}  // namespace heddle::maps
