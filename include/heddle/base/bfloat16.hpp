// bfloat16: the upper half of an fp32 number, 8 bits of exponent and 8 of significand, one of them implied
// (Wang & Kanwar, "BFloat16: The secret to high performance on Cloud TPUs", 2019). A type for storage: arithmetic is
// done on the fp32 numbers that it converts to.
#pragma once

#include <bit>
#include <cstdint>

namespace heddle {

struct BFloat16 {
  std::uint16_t bits;

  BFloat16() = default;
  /// Rounded to the nearest, a tie to the even one; NaN stays NaN, and what is smaller than any normal fp32 number
  /// becomes zero: as processors' instructions have it (Intel's VCVTNEPS2BF16).
  constexpr BFloat16(float x) : bits(or_zero(std::bit_cast<std::uint32_t>(x))) {}
  /// The same, but what is smaller than any normal fp32 number is rounded too: how a weight is made of its master.
  static constexpr BFloat16 nearest(float x) {
    BFloat16 result(0.0f);
    result.bits = rounded(std::bit_cast<std::uint32_t>(x));
    return result;
  }
  /// Rounded up or down: which, 16 random bits decide, with the chances that leave the mean what it is (stochastic
  /// rounding, Gupta et al., arXiv 1502.02551).
  static constexpr BFloat16 dithered(float x, std::uint32_t random) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
    const bool as_is = (bits & exponent) == exponent || (bits & exponent) == 0;
    BFloat16 result(x);
    if (!as_is) result.bits = static_cast<std::uint16_t>((bits + (random & 0xffff)) >> 16);
    return result;
  }
  constexpr operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

 private:
  static constexpr std::uint32_t exponent = 0x7f800000, sign = 0x80000000;  // of an fp32 number

  static constexpr std::uint16_t rounded(std::uint32_t x) {
    constexpr std::uint32_t quiet = 0x0040;
    const std::uint32_t number = (x + 0x7fff + (x >> 16 & 1)) >> 16;
    return static_cast<std::uint16_t>((x & ~sign) > exponent ? x >> 16 | quiet : number);
  }
  static constexpr std::uint16_t or_zero(std::uint32_t x) {
    return (x & exponent) == 0 ? static_cast<std::uint16_t>((x & sign) >> 16) : rounded(x);
  }
};

/// Half the distance from 1 to the next number: the largest relative error of one rounding.
inline constexpr double bfloat16_rounding = 1.0 / 256;

}  // namespace heddle
