// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours
// each cost one.
#include "heddle/base/nearest.hpp"

#include <algorithm>
#include <vector>

namespace heddle {
namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const std::size_t differs = a[i - 1] != b[j - 1];
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + differs});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

/// `batch_size` means `batch`: a whole name within the other counts as one slip.
bool contains(std::string_view longer, std::string_view shorter) {
  return shorter.size() >= 4 && longer.find(shorter) != std::string_view::npos;
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr std::size_t longest_name = 64;
  if (word.size() > longest_name) return "";
  std::string_view best;
  std::size_t best_cost = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (auto candidate : candidates) {
    const bool within = contains(word, candidate) || contains(candidate, word);
    const std::size_t cost = within ? 1 : distance(word, candidate);
    if (cost < best_cost && cost < candidate.size()) best = candidate, best_cost = cost;
  }
  return std::string(best);
}

}  // namespace heddle
