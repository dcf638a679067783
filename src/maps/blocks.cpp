// Balanced blocks and the exact min-max split.
#include "heddle/maps/blocks.hpp"

#include <algorithm>
#include <limits>

#include "heddle/base/error.hpp"

namespace heddle::maps {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Cuts n things into `parts` non-empty blocks of least total: `price(begin, end)` of each, joined by `join`.
template <class Price, class Join>
std::vector<Block> cheapest_split(int n, int parts, Price price, Join join) {
  // least[p][end]: the least total of the first `end` things in p blocks; cut: where the last
  // of these begins.
  std::vector least(parts + 1, std::vector<double>(n + 1, infinity));
  std::vector cut(parts + 1, std::vector<int>(n + 1, 0));
  least[0][0] = 0;
  for (int p = 1; p <= parts; ++p)
    for (int end = p; end <= n - (parts - p); ++end)
      for (int begin = p - 1; begin < end; ++begin) {
        const double total = join(least[p - 1][begin], price(begin, end));
        if (total >= least[p][end]) continue;
        least[p][end] = total;
        cut[p][end] = begin;
      }
  std::vector<Block> blocks(parts);
  for (int p = parts, end = n; p > 0; end = cut[p--][end]) blocks[p - 1] = {cut[p][end], end};
  return blocks;
}

}  // namespace

Block balanced_block(std::int64_t n, int parts, int index) {
  HEDDLE_EXPECT(n >= 0 && index >= 0 && index < parts);
  const std::int64_t size = n / parts, larger = n % parts;
  const std::int64_t begin = index * size + std::min<std::int64_t>(index, larger);
  return {begin, begin + size + (index < larger ? 1 : 0)};
}

std::vector<Block> balanced_blocks(std::int64_t n, int parts) {
  std::vector<Block> blocks;
  for (int index = 0; index < parts; ++index) blocks.push_back(balanced_block(n, parts, index));
  return blocks;
}

std::vector<Block> min_max_split(const std::vector<double>& costs, int parts) {
  HEDDLE_EXPECT(parts > 0);
  const int n = static_cast<int>(costs.size()), filled = std::min(n, parts);
  std::vector<double> before(n + 1, 0.0);
  for (int i = 0; i < n; ++i) before[i + 1] = before[i] + costs[i];
  const auto sum = [&](int begin, int end) { return before[end] - before[begin]; };

  double bound = 0;
  for (const Block& block : cheapest_split(n, filled, sum, [](double a, double b) { return std::max(a, b); }))
    bound = std::max(bound, sum(static_cast<int>(block.begin), static_cast<int>(block.end)));
  const auto square = [&](int begin, int end) {
    return sum(begin, end) > bound ? infinity : sum(begin, end) * sum(begin, end);
  };
  auto blocks = cheapest_split(n, filled, square, [](double a, double b) { return a + b; });
  blocks.resize(parts, {n, n});
  return blocks;
}

}  // namespace heddle::maps
