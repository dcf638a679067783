// Random numbers: Philox against the known answers that its authors publish (Random123, kat_vectors), and
// what else the program relies on.
#include "heddle/base/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace heddle {
namespace {

/// key, counter as draw() takes them: (k0 + k1 2^32), stream (c2 + c3 2^32), index (c0 + c1 2^32).
void expect_words(std::uint64_t key, std::uint64_t stream, std::uint64_t index,
                  std::array<std::uint32_t, 4> words) {
  const Philox p = Philox::draw(key, stream, index);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(p.word[i], words[i]) << i;
}

TEST(Philox, GivesTheKnownAnswers) {
  expect_words(0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  expect_words(~0ull, ~0ull, ~0ull, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  expect_words(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88,
               {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST(Philox, IsKnownAtCompileTime) { static_assert(Philox::draw(0, 0, 0).word[0] == 0x6627e8d5); }

TEST(Random, UniformLiesBetweenZeroAndOneWithTheRightMoments) {
  double sum = 0, squares = 0;
  const int n = 100000;
  for (int i = 0; i < n; ++i) {
    const double u = uniform_at(7, 3, static_cast<std::uint64_t>(i));
    ASSERT_GT(u, 0);
    ASSERT_LT(u, 1);
    sum += u, squares += u * u;
  }
  EXPECT_NEAR(sum / n, 1.0 / 2, 5 * std::sqrt(1.0 / 12 / n));
  EXPECT_NEAR(squares / n, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / n));
}

TEST(Random, NormalHasTheRightMoments) {
  double sum = 0, squares = 0;
  const int n = 100000;
  for (int i = 0; i < n; ++i) {
    const double x = normal_at(7, 3, static_cast<std::uint64_t>(i));
    sum += x, squares += x * x;
  }
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2.0 / n));
}

TEST(Random, KeysOfNamesAndSeedsDiffer) {
  std::set<std::uint64_t> keys;
  for (const char* name : {"", "a", "b", "ab", "ba", "layers.0.mlp.up.weight", "layers.1.mlp.up.weight"})
    for (std::uint64_t seed : {0, 1, 2, 1337}) keys.insert(random_key(name, seed));
  EXPECT_EQ(keys.size(), 28u);
}

}  // namespace
}  // namespace heddle
