// Runs of a dropout mask: four neighbours a Philox call, the comparison with the rate done on integers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "drawn.hpp"
#include "heddle/base/random.hpp"

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
  const std::uint32_t threshold = mask.threshold;
  if (threshold == 0)
    each(team, n, [&](std::int64_t i) { f(i, T(1)); });
  else
    each_drawn(team, mask.key, mask.stream, first, n,
               [&](std::int64_t i, std::uint32_t word) { f(i, word >= threshold ? scale : T(0)); });
}

}  // namespace heddle::kernels
