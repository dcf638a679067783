// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3",
// SC 2011). A number depends only on (key, stream, index), never on who asks first, so every grid draws the
// same parameters, dropout masks and samples.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include "heddle/base/host_device.hpp"

namespace heddle {

/// FNV-1a of a name mixed with a seed: the key of the named thing's random numbers.
constexpr std::uint64_t random_key(std::string_view name, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325ull ^ (seed * 0x9e3779b97f4a7c15ull);
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return hash;
}

struct Philox {
  std::uint32_t word[4];

  /// Four 32-bit words for the 128-bit counter (index, stream) under `key`.
  HEDDLE_HOST_DEVICE static constexpr Philox draw(std::uint64_t key, std::uint64_t stream,
                                                  std::uint64_t index) {
    std::uint32_t c0 = static_cast<std::uint32_t>(index), c1 = static_cast<std::uint32_t>(index >> 32);
    std::uint32_t c2 = static_cast<std::uint32_t>(stream), c3 = static_cast<std::uint32_t>(stream >> 32);
    std::uint32_t k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = 0xD2511F53ull * c0, p1 = 0xCD9E8D57ull * c2;
      const std::uint32_t n0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
      const std::uint32_t n2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
      c1 = static_cast<std::uint32_t>(p1), c3 = static_cast<std::uint32_t>(p0);
      c0 = n0, c2 = n2;
      k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    return {{c0, c1, c2, c3}};
  }
};

/// Uniform in (0, 1): element `index` of the sequence `stream` under `key`.
HEDDLE_HOST_DEVICE constexpr double uniform_at(std::uint64_t key, std::uint64_t stream, std::uint64_t index) {
  const std::uint32_t word = Philox::draw(key, stream, index / 4).word[index % 4];
  return (word + 0.5) * (1.0 / 4294967296.0);
}

/// Standard normal by Box-Muller, one Philox call an element, computed in double whatever
/// the parameter's dtype.
HEDDLE_HOST_DEVICE inline double normal_at(std::uint64_t key, std::uint64_t stream, std::uint64_t index) {
  const Philox p = Philox::draw(key, stream, index);
  const double u = (p.word[0] + 0.5) * (1.0 / 4294967296.0), v = (p.word[1] + 0.5) * (1.0 / 4294967296.0);
  return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586476925 * v);
}

}  // namespace heddle
