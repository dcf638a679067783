// bfloat16: how fp32 numbers are rounded to it, bit by bit.
#include "heddle/base/bfloat16.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "heddle/base/dtype.hpp"

namespace heddle {
namespace {

std::uint16_t rounded(std::uint32_t bits) { return BFloat16(std::bit_cast<float>(bits)).bits; }

TEST(Bfloat16, IsKnownAtCompileTime) {
  static_assert(sizeof(BFloat16) == 2 && size_of(dtype_of<BFloat16>()) == 2);
  static_assert(BFloat16(1.0f).bits == 0x3f80 && float(BFloat16(-2.5f)) == -2.5f);
  static_assert(float(BFloat16(1.0f + float(bfloat16_rounding))) == 1.0f);  // a tie
}

TEST(Bfloat16, ComesBackFromFp32) {
  for (std::uint32_t bits = 0; bits < 1 << 16; ++bits) {
    const float number = std::bit_cast<float>(bits << 16);
    if (std::isnan(number))
      EXPECT_TRUE(std::isnan(float(BFloat16(number)))) << bits;
    else if (std::fpclassify(number) == FP_SUBNORMAL)
      EXPECT_EQ(rounded(bits << 16), bits & 0x8000);
    else
      EXPECT_EQ(rounded(bits << 16), bits);
  }
}

TEST(Bfloat16, RoundsToTheNearestAndATieToTheEvenOne) {
  for (std::uint32_t sign : {0x0000u, 0x8000u})
    for (std::uint32_t bits : {0x0080u, 0x0081u, 0x3f80u, 0x3f81u, 0x40ffu}) {
      const std::uint32_t low = sign | bits, even = low + (low & 1);
      EXPECT_EQ(rounded(low << 16 | 0x0001), low);
      EXPECT_EQ(rounded(low << 16 | 0x7fff), low);
      EXPECT_EQ(rounded(low << 16 | 0x8000), even);
      EXPECT_EQ(rounded(low << 16 | 0x8001), low + 1);
      EXPECT_EQ(rounded(low << 16 | 0xffff), low + 1);
    }
}

TEST(Bfloat16, BecomesZeroBelowTheSmallestNormalNumber) {
  for (std::uint32_t sign : {0x0000u, 0x8000u})
    for (std::uint32_t bits : {0x00000000u, 0x00000001u, 0x00018000u, 0x007fffffu})
      EXPECT_EQ(rounded(sign << 16 | bits), sign);
  EXPECT_EQ(rounded(0x00800000), 0x0080);
}

TEST(Bfloat16, BecomesInfiniteBeyondItsLargestNumber) {
  EXPECT_EQ(rounded(0x7f7f7fff), 0x7f7f);  // just below halfway to the next, which there is none of
  EXPECT_EQ(rounded(0x7f7f8000), 0x7f80);
  EXPECT_EQ(BFloat16(std::numeric_limits<float>::max()).bits, 0x7f80);
  EXPECT_EQ(BFloat16(-std::numeric_limits<float>::max()).bits, 0xff80);
  EXPECT_EQ(BFloat16(std::numeric_limits<float>::infinity()).bits, 0x7f80);
  EXPECT_EQ(BFloat16(-std::numeric_limits<float>::infinity()).bits, 0xff80);
}

TEST(Bfloat16, KeepsEveryNaNOne) {
  for (std::uint32_t bits : {0x7f800001u, 0x7f80ffffu, 0x7fc00000u, 0x7fffffffu, 0xff800001u, 0xffffffffu})
    EXPECT_TRUE(std::isnan(float(BFloat16(std::bit_cast<float>(bits))))) << bits;
}

}  // namespace
}  // namespace heddle
