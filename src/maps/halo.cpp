// Halo arithmetic, one dim at a time; the product of the dims is a repartition.
#include "heddle/maps/halo.hpp"

#include <algorithm>

#include "heddle/maps/repartition.hpp"

namespace heddle::maps {

namespace {

/// Elements from the first to the last that one output reads, both included.
std::int64_t span_of(const SlidingWindow& window) { return window.dilation * (window.kernel - 1) + 1; }

}  // namespace

std::int64_t output_size(const SlidingWindow& window) {
  HEDDLE_EXPECT(window.kernel > 0 && window.stride > 0 && window.dilation > 0 && window.n >= 0);
  HEDDLE_EXPECT(window.padding_left >= 0 && window.padding_right >= 0);
  const std::int64_t room = window.padding_left + window.n + window.padding_right - span_of(window);
  return room < 0 ? 0 : room / window.stride + 1;
}

HaloBlock halo_block(const SlidingWindow& window, int index) {
  HaloBlock block;
  block.owned = balanced_block(window.n, window.parts, index);
  block.output = balanced_block(output_size(window), window.parts, index);
  if (block.output.empty()) {
    block.window = block.needed = {block.owned.begin, block.owned.begin};
    return block;
  }
  block.window.begin = block.output.begin * window.stride - window.padding_left;
  block.window.end = (block.output.end - 1) * window.stride - window.padding_left + span_of(window);
  const auto inside = [&](std::int64_t i) { return std::clamp<std::int64_t>(i, 0, window.n); };
  block.needed = {inside(block.window.begin), inside(block.window.end)};
  return block;
}

HaloWidth halo_width(const SlidingWindow& window, int index) {
  const HaloBlock block = halo_block(window, index);
  const std::int64_t begin = block.owned.begin - (index == 0 ? window.padding_left : 0);
  const std::int64_t end = block.owned.end + (index == window.parts - 1 ? window.padding_right : 0);
  return {begin - block.window.begin, block.window.end - end};
}

TransferPlan halo_exchange(const std::vector<SlidingWindow>& dims, const std::vector<int>& ranks, int world) {
  Partition owned{{}, ranks}, needed{{}, ranks};
  for (const SlidingWindow& window : dims) {
    owned.blocks.emplace_back();
    needed.blocks.emplace_back();
    for (int index = 0; index < window.parts; ++index) {
      const HaloBlock block = halo_block(window, index);
      owned.blocks.back().push_back(block.owned);
      needed.blocks.back().push_back(block.needed);
    }
  }
  return fill(boxes(owned, world), boxes(needed, world));
}

}  // namespace heddle::maps
