// A number as a bfloat16 and what that leaves of it: nothing is lost.
#include "heddle/base/remainder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

namespace heddle {
namespace {

/// Upper halves: every exponent with some significands, both signs; and lower ones about the middle and the ends.
std::set<std::uint32_t> high_halves() {
  std::set<std::uint32_t> all;
  for (std::uint32_t exponent = 0; exponent < 256; ++exponent)
    for (std::uint32_t significand : {0x00u, 0x01u, 0x02u, 0x3fu, 0x40u, 0x41u, 0x55u, 0x7eu, 0x7fu})
      for (std::uint32_t sign : {0x0000u, 0x8000u}) all.insert(sign | exponent << 7 | significand);
  return all;
}
constexpr std::uint32_t low_halves[] = {0x0000, 0x0001, 0x1234, 0x7ffe, 0x7fff,
                                        0x8000, 0x8001, 0xabcd, 0xfffe, 0xffff};

bool signals(std::uint32_t bits) { return (bits & 0x7fffffff) > 0x7f800000 && (bits & 0x00400000) == 0; }

std::uint32_t there_and_back(std::uint32_t bits) {
  const float x = std::bit_cast<float>(bits);
  return std::bit_cast<std::uint32_t>(whole_of(BFloat16::nearest(x), remainder_of(x)));
}

/// Of the upper half and the one that follows it the nearer one, a tie to the even one; they are told apart as integers,
/// which numbers of one sign are as far apart as.
std::uint32_t nearest(std::uint32_t bits) {
  if ((bits & 0x7fffffff) > 0x7f800000) return bits >> 16 | 0x0040;
  const std::uint32_t below = bits >> 16, down = bits & 0xffff, up = 0x10000 - down;
  return down < up || (down == up && below % 2 == 0) ? below : below + 1;
}

void expect_whole(std::uint32_t bits) {
  const float x = std::bit_cast<float>(bits);
  ASSERT_EQ(BFloat16::nearest(x).bits, nearest(bits)) << std::hex << bits;
  ASSERT_EQ(there_and_back(bits), signals(bits) ? bits | 0x00400000 : bits) << std::hex << bits;
  if (!std::isnan(x)) {
    const bool tie_above = (bits & 0x1ffff) == 0x08000;
    ASSERT_EQ(remainder_of(x).carry, tie_above) << std::hex << bits;
  }
}

TEST(Remainder, GivesBackEveryLowerHalf) {
  for (std::uint32_t high :
       {0x0000u, 0x0001u, 0x007fu, 0x0080u, 0x3f80u, 0x3f81u, 0x4055u, 0x7f7eu, 0x7f7fu, 0x7f80u,
        0x7f81u, 0x7fc0u, 0x7fffu, 0x8000u, 0x8001u, 0x807fu, 0xbf80u, 0xff7fu, 0xff80u, 0xffffu})
    for (std::uint32_t low = 0; low < 0x10000; ++low) expect_whole(high << 16 | low);
}

TEST(Remainder, GivesBackTiesAndTheirNeighboursWhateverTheSignAndTheExponent) {
  for (std::uint32_t high : high_halves())
    for (std::uint32_t low : low_halves) expect_whole(high << 16 | low);
}

/// Without the carry two numbers would be one: a weight that is even is the nearest to both ties about it.
TEST(Remainder, NeedsItsCarry) {
  const float low_tie = std::bit_cast<float>(0x3f818000u), high_tie = std::bit_cast<float>(0x3f828000u);
  EXPECT_EQ(BFloat16::nearest(low_tie).bits, 0x3f82);
  EXPECT_EQ(BFloat16::nearest(high_tie).bits, 0x3f82);
  EXPECT_EQ(remainder_of(low_tie).low, remainder_of(high_tie).low);
  EXPECT_NE(remainder_of(low_tie), remainder_of(high_tie));
}

/// A weight is what fp32 becomes in any other place, but for numbers that are smaller than any normal one.
TEST(Remainder, IsOfTheWeightThatABfloat16Is) {
  for (std::uint32_t high : high_halves())
    for (std::uint32_t low : low_halves) {
      const float x = std::bit_cast<float>(high << 16 | low);
      if (std::fpclassify(x) == FP_SUBNORMAL)
        EXPECT_EQ(BFloat16(x).bits, high & 0x8000);
      else
        EXPECT_EQ(BFloat16::nearest(x).bits, BFloat16(x).bits) << high << " " << low;
    }
}

TEST(Remainder, ItsCarryFitsIntoTheSignOfANumberThatHasNone) {
  for (float x : {0.0f, 1e-45f, 1.5f, 3e38f, std::numeric_limits<float>::infinity()})
    for (bool carry : {false, true}) {
      const float marked = with_carry(x, carry);
      EXPECT_EQ(carry_of(marked), carry);
      EXPECT_EQ(std::bit_cast<std::uint32_t>(with_carry(marked, false)), std::bit_cast<std::uint32_t>(x));
      EXPECT_EQ(carry_of(BFloat16(marked)), carry) << "in bf16 too";
      EXPECT_EQ(carry_of(BFloat16::dithered(marked, 0xffff)), carry);
    }
}

}  // namespace
}  // namespace heddle
