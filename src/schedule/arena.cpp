// Greedy placement by size, as memory planners of inference engines do it (Pisarchyk &
// Lee, arXiv 2001.03288).
#include "heddle/schedule/arena.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "heddle/base/error.hpp"

namespace heddle::schedule {
namespace {

bool alive_together(const Lifetime& a, const Lifetime& b) { return a.begin <= b.end && b.begin <= a.end; }

/// Start of the tightest gap of at least `bytes` between the `taken` buffers (in the order of their offsets),
/// or the end of the highest when none takes it.
std::int64_t tightest_gap(const std::vector<std::size_t>& taken, const std::vector<std::int64_t>& offsets,
                          const std::vector<std::int64_t>& sizes, std::int64_t bytes) {
  std::int64_t best = -1, best_gap = std::numeric_limits<std::int64_t>::max(), top = 0;
  for (std::size_t index : taken) {
    const std::int64_t gap = offsets[index] - top;
    if (gap >= bytes && gap < best_gap) {
      best = top;
      best_gap = gap;
    }
    top = std::max(top, offsets[index] + sizes[index]);
  }
  return best >= 0 ? best : top;
}

}  // namespace

Packing pack(std::span<const Lifetime> lifetimes, std::int64_t alignment) {
  HEDDLE_EXPECT(alignment >= 1);
  std::vector<std::int64_t> sizes;  // rounded up, so that every gap begins aligned
  for (const Lifetime& life : lifetimes) {
    HEDDLE_EXPECT(life.bytes >= 0 && life.begin <= life.end);
    sizes.push_back((life.bytes + alignment - 1) / alignment * alignment);
  }
  std::vector<std::size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(
      order, {}, [&](std::size_t index) { return std::pair(-sizes[index], lifetimes[index].begin); });

  Packing packing{std::vector<std::int64_t>(lifetimes.size(), 0), 0};
  std::vector<std::size_t> packed;  // in the order of their offsets
  std::vector<std::size_t> taken;
  for (std::size_t index : order) {
    taken.clear();
    for (std::size_t other : packed)
      if (alive_together(lifetimes[index], lifetimes[other])) taken.push_back(other);
    std::int64_t& offset = packing.offsets[index];
    offset = tightest_gap(taken, packing.offsets, sizes, sizes[index]);
    packing.total = std::max(packing.total, offset + sizes[index]);
    packed.insert(
        std::ranges::upper_bound(packed, offset, {}, [&](std::size_t i) { return packing.offsets[i]; }),
        index);
  }
  return packing;
}

}  // namespace heddle::schedule
