// Balanced blocks and the min-max split, against known answers and brute force.
#include "heddle/maps/blocks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "support.hpp"

namespace heddle::maps {
namespace {

std::vector<int> sizes(const std::vector<Block>& blocks) {
  std::vector<int> result;
  for (const Block& block : blocks) result.push_back(static_cast<int>(block.size()));
  return result;
}

std::vector<double> sums(const std::vector<double>& costs, const std::vector<Block>& blocks) {
  std::vector<double> result;
  for (const Block& block : blocks) {
    result.push_back(0);
    for (auto i = block.begin; i < block.end; ++i) result.back() += costs[i];
  }
  return result;
}

void expect_contiguous(const std::vector<Block>& blocks, std::int64_t n) {
  std::int64_t end = 0;
  for (const Block& block : blocks) {
    EXPECT_EQ(block.begin, end);
    end = block.end;
  }
  EXPECT_EQ(end, n);
}

TEST(BalancedBlocks, KnownAnswers) {
  EXPECT_EQ(sizes(balanced_blocks(10, 4)), (std::vector{3, 3, 2, 2}));
  EXPECT_EQ(sizes(balanced_blocks(77, 3)), (std::vector{26, 26, 25}));
  EXPECT_EQ(sizes(balanced_blocks(2, 4)), (std::vector{1, 1, 0, 0}));
  EXPECT_EQ(sizes(balanced_blocks(0, 2)), (std::vector{0, 0}));
}

TEST(BalancedBlocks, CoverEverythingOnce) {
  for (int n = 0; n < 20; ++n)
    for (int parts = 1; parts < 25; ++parts) expect_contiguous(balanced_blocks(n, parts), n);
}

TEST(MinMaxSplit, KnownAnswers) {
  const std::vector<double> a{10, 1, 1, 1, 1, 10}, b{7, 2, 5, 10, 8};
  EXPECT_EQ(sums(a, min_max_split(a, 3)), (std::vector<double>{10, 4, 10}));
  EXPECT_EQ(sums(b, min_max_split(b, 2)), (std::vector<double>{14, 18}));
}

TEST(MinMaxSplit, PrefersEvenSumsAmongTheBest) {
  EXPECT_EQ(sizes(min_max_split({10, 1, 1, 1, 1}, 3)), (std::vector{1, 2, 2}));
}

TEST(MinMaxSplit, MorePartsThanThingsAreEmptyAtTheEnd) {
  EXPECT_EQ(sizes(min_max_split({3, 4}, 4)), (std::vector{1, 1, 0, 0}));
  EXPECT_EQ(sizes(min_max_split({}, 2)), (std::vector{0, 0}));
}

/// The least maximal sum over all contiguous splits into non-empty parts, by trying them all.
double least_maximum(const std::vector<double>& costs, int first, int parts) {
  const int n = static_cast<int>(costs.size());
  double sum = 0, least = std::numeric_limits<double>::infinity();
  for (int end = first + 1; end <= n - (parts - 1); ++end) {
    sum += costs[end - 1];
    if (parts > 1)
      least = std::min(least, std::max(sum, least_maximum(costs, end, parts - 1)));
    else if (end == n)
      least = sum;
  }
  return least;
}

TEST(MinMaxSplit, IsAsGoodAsBruteForce) {
  Dice dice(1);
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<double> costs(dice(1, 9));
    for (double& cost : costs) cost = 0.25 * dice(0, 40);
    const int parts = dice(1, static_cast<int>(costs.size()));
    const auto blocks = min_max_split(costs, parts);
    ASSERT_EQ(static_cast<int>(blocks.size()), parts);
    expect_contiguous(blocks, static_cast<std::int64_t>(costs.size()));
    for (const Block& block : blocks) EXPECT_FALSE(block.empty());
    EXPECT_EQ(std::ranges::max(sums(costs, blocks)), least_maximum(costs, 0, parts));
  }
}

}  // namespace
}  // namespace heddle::maps
