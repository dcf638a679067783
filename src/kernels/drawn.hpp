// Runs of random words, four neighbours a Philox call.
#pragma once

#include <algorithm>
#include <cstdint>

#include "philox.hpp"
#include "rows.hpp"

namespace heddle::kernels {

/// f(i, word) for every i in [0, n): 32 random bits, those of index first + i of the sequence `stream` under `key`.
template <class Workers, class F>
KOKKOS_INLINE_FUNCTION void each_drawn(const Workers& workers, std::uint64_t key, std::uint64_t stream,
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
      each(workers, length, [&](std::int64_t i) { f(start + i, words[i + skip]); });
    }
  } else {
    const std::int64_t skip = static_cast<std::int64_t>(first % 4);
    each(workers, (skip + n + 3) / 4, [&](std::int64_t q) {
      const Philox drawn = Philox::draw(key, stream, first / 4 + static_cast<std::uint64_t>(q));
      for (int k = 0; k < 4; ++k) {
        const std::int64_t i = 4 * q + k - skip;
        if (i >= 0 && i < n) f(i, drawn.word[k]);
      }
    });
  }
}

/// The words of indices [index, index + n) in a device's vector: as many calls as they take, none twice.
template <int n>
KOKKOS_INLINE_FUNCTION ShortVector<std::uint32_t, n> drawn_vector(std::uint64_t key, std::uint64_t stream,
                                                                  std::uint64_t index) {
  constexpr int most_calls = (n + 6) / 4;
  const int skip = static_cast<int>(index % 4);
  std::uint32_t word[4 * most_calls] = {};
  for (int call = 0; call < most_calls; ++call)
    if (4 * call < skip + n) {
      const Philox drawn = Philox::draw(key, stream, index / 4 + static_cast<std::uint64_t>(call));
      for (int k = 0; k < 4; ++k) word[4 * call + k] = drawn.word[k];
    }
  ShortVector<std::uint32_t, n> words;
  for (int k = 0; k < n; ++k) {  // chosen, since registers have no index
    const std::uint32_t even = skip < 2 ? word[k] : word[k + 2], odd = skip < 2 ? word[k + 1] : word[k + 3];
    words.number[k] = skip % 2 == 0 ? even : odd;
  }
  return words;
}

/// f(place, words) for places that cover [0, n), as each_place: a word an element, those of each_drawn.
template <class T, class Workers, class F>
KOKKOS_INLINE_FUNCTION void each_drawn_place(const Workers& workers, std::uint64_t key, std::uint64_t stream,
                                             std::uint64_t first, std::int64_t n, const F& f) {
  if constexpr (on_host)
    each_drawn(workers, key, stream, first, n,
               [&](std::int64_t i, std::uint32_t word) { f(OnePlace<Compute<T>>{i}, word); });
  else
    each_place<T>(workers, n, [&](auto at) {
      f(at, drawn_vector<vector_width<T>>(key, stream, first + static_cast<std::uint64_t>(at.i)));
    });
}

}  // namespace heddle::kernels
