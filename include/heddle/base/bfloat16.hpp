// bfloat16: the upper half of an fp32 number, 8 bits of exponent and 8 of significand, one of them implied
// (Wang & Kanwar, "BFloat16: The secret to high performance on Cloud TPUs", 2019). A type for storage: arithmetic is
// done on the fp32 numbers that it converts to.
#pragma once

#include <bit>
#include <cstdint>

namespace heddle {

struct bfloat16 {
  std::uint16_t bits;

  bfloat16() = default;
  /// Rounded to the nearest, a tie to the even one; NaN stays NaN.
  constexpr bfloat16(float x) : bits(rounded(std::bit_cast<std::uint32_t>(x))) {}
  constexpr operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

 private:
  static constexpr std::uint16_t rounded(std::uint32_t x) {
    constexpr std::uint32_t infinity = 0x7f800000, sign = 0x80000000, quiet = 0x0040;
    const std::uint32_t up = (x + 0x7fff + (x >> 16 & 1)) >> 16;
    return static_cast<std::uint16_t>((x & ~sign) > infinity ? x >> 16 | quiet : up);
  }
};

/// Half the distance from 1 to the next number: the largest relative error of one rounding.
inline constexpr double bfloat16_rounding = 1.0 / 256;

}  // namespace heddle
