// Runs of a dropout mask: four neighbours a Philox call, the comparison with the rate done on integers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "heddle/base/random.hpp"
#include "philox.hpp"

namespace heddle::kernels {

struct Mask {
  std::uint64_t key = 0;
  std::uint64_t stream = 0;
  std::uint32_t threshold =
      0;  ///< uniform_at >= rate, said of the 32-bit word that it is made of; 0 keeps all
  double scale = 1;
};

inline Mask mask_of(std::uint64_t key, std::uint64_t stream, double rate) {
  HEDDLE_EXPECT(rate >= 0 && rate < 1);
  if (rate == 0) return {};
  const double threshold = std::clamp(std::ceil(rate * 4294967296.0 - 0.5), 0.0, 4294967295.0);
  return {key, stream, static_cast<std::uint32_t>(threshold), 1 / (1 - rate)};
}

/// f(i, factor) for every i in [0, n): factor is 0 or 1 / (1 - rate), as the mask has it at index first + i.
template <class T, class F>
KOKKOS_INLINE_FUNCTION void each_masked(const Team& team, const Mask& mask, std::uint64_t first,
                                        std::int64_t n, const F& f) {
  const T scale = static_cast<T>(mask.scale);
  const std::uint64_t key = mask.key, stream = mask.stream;
  const std::uint32_t threshold = mask.threshold;
  if (threshold == 0) {
    each(team, n, [&](std::int64_t i) { f(i, T(1)); });
  } else if constexpr (on_host) {
    constexpr std::int64_t run = 256;
    alignas(64) std::uint32_t words[run + 4 * (calls_at_once + 1)];
    for (std::int64_t start = 0; start < n; start += run) {
      const std::int64_t length = std::min(run, n - start);
      const std::uint64_t index = first + static_cast<std::uint64_t>(start), quad = index / 4,
                          skip = index % 4;
      const std::int64_t quads = (static_cast<std::int64_t>(skip) + length + 3) / 4;
      for (std::int64_t q = 0; q < quads; q += calls_at_once)
        draw_pack(key, stream, quad + static_cast<std::uint64_t>(q), words + 4 * q);
      each(team, length, [&](std::int64_t i) { f(start + i, words[i + skip] >= threshold ? scale : T(0)); });
    }
  } else {
    const std::int64_t skip = static_cast<std::int64_t>(first % 4);
    each(team, (skip + n + 3) / 4, [&](std::int64_t q) {
      const Philox drawn = Philox::draw(key, stream, first / 4 + static_cast<std::uint64_t>(q));
      for (int k = 0; k < 4; ++k) {
        const std::int64_t i = 4 * q + k - skip;
        if (i >= 0 && i < n) f(i, drawn.word[k] >= threshold ? scale : T(0));
      }
    });
  }
}

}  // namespace heddle::kernels
