// How n things in a row are cut into contiguous blocks: evenly for tensors, by cost for pipeline stages.
#pragma once

#include <cstdint>
#include <vector>

namespace heddle::maps {

/// The half-open interval [begin, end). Empty where end == begin.
struct Block {
  std::int64_t begin = 0, end = 0;

  constexpr std::int64_t size() const { return end - begin; }
  constexpr bool empty() const { return end <= begin; }
  friend constexpr bool operator==(const Block&, const Block&) = default;
};

/// Block `index` of n elements over `parts`: the first n mod parts blocks are one larger; beyond n
/// they are empty.
Block balanced_block(std::int64_t n, int parts, int index);
std::vector<Block> balanced_blocks(std::int64_t n, int parts);

/// The contiguous split of `costs` (none negative) into `parts` blocks whose largest sum is least and, among
/// those, whose sums are most even (least sum of squares). Every block holds something as long as there are
/// enough costs; beyond that the last ones are empty. Exact, by dynamic programming in O(parts n^2).
std::vector<Block> min_max_split(const std::vector<double>& costs, int parts);

}  // namespace heddle::maps
