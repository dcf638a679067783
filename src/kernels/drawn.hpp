// Runs of random words, four neighbours a Philox call.
#pragma once

#include <algorithm>
#include <cstdint>

#include "philox.hpp"
#include "rows.hpp"

namespace heddle::kernels {

/// f(i, word) for every i in [0, n): 32 random bits, those of index first + i of the sequence `stream` under `key`.
template <class F>
KOKKOS_INLINE_FUNCTION void each_drawn(const Team& team, std::uint64_t key, std::uint64_t stream,
                                       std::uint64_t first, std::int64_t n, const F& f) {
  if constexpr (on_host) {
    constexpr std::int64_t run = 256;
    alignas(64) std::uint32_t words[run + 4 * (calls_at_once + 1)];
    for (std::int64_t start = 0; start < n; start += run) {
      const std::int64_t length = std::min(run, n - start);
      const std::uint64_t index = first + static_cast<std::uint64_t>(start), quad = index / 4,
                          skip = index % 4;
      const std::int64_t quads = (static_cast<std::int64_t>(skip) + length + 3) / 4;
      for (std::int64_t q = 0; q < quads; q += calls_at_once)
        draw_pack(key, stream, quad + static_cast<std::uint64_t>(q), words + 4 * q);
      each(team, length, [&](std::int64_t i) { f(start + i, words[i + skip]); });
    }
  } else {
    const std::int64_t skip = static_cast<std::int64_t>(first % 4);
    each(team, (skip + n + 3) / 4, [&](std::int64_t q) {
      const Philox drawn = Philox::draw(key, stream, first / 4 + static_cast<std::uint64_t>(q));
      for (int k = 0; k < 4; ++k) {
        const std::int64_t i = 4 * q + k - skip;
        if (i >= 0 && i < n) f(i, drawn.word[k]);
      }
    });
  }
}

}  // namespace heddle::kernels
