// An fp32 number as the bfloat16 nearest to it and what that leaves: how AdamW's masters are kept in the weights that
// products read and two bytes beside each.
//
// Bit patterns are taken as integers. Master minus weight is then within +-2^15, and both ends occur: of the two numbers
// that lie halfway between neighbours, a weight that is even is the nearest to the one below it and to the one above. So
// 16 bits are one too few wherever a tie goes to the even one. The 17th, the *carry*, is 1 for the tie above, and for no
// other number; whoever keeps the 16 finds a place for it.
#pragma once

#include "heddle/base/bfloat16.hpp"

namespace heddle {

struct Remainder {
  std::int16_t low = 0;
  bool carry = false;

  friend constexpr bool operator==(Remainder, Remainder) = default;
};

/// What `BFloat16::nearest(x)` leaves of x.
constexpr Remainder remainder_of(float x) {
  const std::uint32_t weight = std::uint32_t{BFloat16::nearest(x).bits} << 16;
  const std::uint32_t rest = std::bit_cast<std::uint32_t>(x) - weight;
  return {static_cast<std::int16_t>(rest), (rest >> 15 & ~(rest >> 16) & 1) != 0};
}

/// x, bit by bit: every number, either zero, either infinity, and every NaN but those that signal, which become quiet as
/// any arithmetic makes them.
constexpr float whole_of(float weight, Remainder rest) {
  const auto low = static_cast<std::uint32_t>(std::int32_t{rest.low});
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(weight) + low + (std::uint32_t{rest.carry} << 16));
}

/// A carry in the sign of a number that has none, as AdamW's second moment, which is a mean of squares.
constexpr float with_carry(float positive, bool carry) {
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(positive) & 0x7fffffff) | std::uint32_t{carry}
                                                                                          << 31);
}
constexpr bool carry_of(float number) { return std::bit_cast<std::uint32_t>(number) >> 31 != 0; }

}  // namespace heddle
