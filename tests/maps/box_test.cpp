// Boxes, and the runs by which pieces are packed.
#include "heddle/maps/box.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace heddle::maps {
namespace {

using Runs = std::vector<std::pair<std::int64_t, std::int64_t>>;

Runs runs(const Box& holder, const Box& part) {
  Runs result;
  for_each_run(holder, part, [&](auto offset, auto length) { result.emplace_back(offset, length); });
  return result;
}

TEST(Box, IntersectsShiftsAndContains) {
  const Box a{{0, 4}, {2, 6}}, b{{3, 9}, {0, 3}};
  EXPECT_EQ(intersect(a, b), (Box{{3, 4}, {2, 3}}));
  EXPECT_TRUE(intersect(a, shift(b, {1, 0})).empty());
  EXPECT_EQ(shift(a, {-1, 5}), (Box{{-1, 3}, {7, 11}}));
  EXPECT_TRUE(contains(a, Box{{1, 2}, {2, 6}}));
  EXPECT_FALSE(contains(a, Box{{1, 2}, {1, 6}}));
  EXPECT_TRUE(contains(a, Box{{7, 7}, {0, 9}})) << "nothing is in everything";
  EXPECT_EQ(Box(Shape{2, 3}).count(), 6);
}

TEST(Box, RunsAreRowsOfThePartInTheHolder) {
  EXPECT_EQ(runs({{10, 13}, {5, 9}}, {{11, 13}, {6, 8}}), (Runs{{5, 2}, {9, 2}}));
  EXPECT_EQ(runs({{0, 2}, {0, 2}, {0, 3}}, {{0, 2}, {1, 2}, {0, 3}}), (Runs{{3, 3}, {9, 3}}));
  EXPECT_EQ(runs({{4, 9}}, {{6, 7}}), (Runs{{2, 1}}));
  EXPECT_EQ(runs({{0, 3}, {0, 3}}, {{1, 1}, {0, 3}}), Runs{});
  EXPECT_EQ(runs({}, {}), (Runs{{0, 1}})) << "a scalar is one element";
}

}  // namespace
}  // namespace heddle::maps
