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

/// f(place, factors) for places that cover [0, n), as each_place: a factor is 0 or 1 / (1 - rate), as the mask has it at
/// index first + i for element i.
template <class T, class Workers, class F>
KOKKOS_INLINE_FUNCTION void each_masked(const Workers& workers, const Mask& mask, std::uint64_t first,
                                        std::int64_t n, const F& f) {
  using C = Compute<T>;
  const C scale = static_cast<C>(mask.scale);
  const std::uint32_t threshold = mask.threshold;
  if (threshold == 0)
    each_place<T>(workers, n, [&](auto at) { f(at, C(1)); });
  else
    each_drawn_place<T>(workers, mask.key, mask.stream, first, n, [&](auto at, auto words) {
      f(at, by_number([=](std::uint32_t word) { return word >= threshold ? scale : C(0); }, words));
    });
}

}  // namespace heddle::kernels
