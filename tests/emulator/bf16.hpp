// bf16 is the upper half of an fp32.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

namespace heddle::emulator {

inline float from_bf16(std::uint16_t x) { return std::bit_cast<float>(std::uint32_t{x} << 16); }

/// To the nearest, ties to even; a NaN becomes the GPU's.
inline std::uint16_t to_bf16(float x) {
  if (std::isnan(x)) return 0x7fff;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace heddle::emulator
