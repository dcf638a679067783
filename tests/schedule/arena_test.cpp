// Placed buffers never share a byte while both are alive, and the block is not much larger than it must be.
#include "heddle/schedule/arena.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "heddle/base/error.hpp"

namespace heddle::schedule {
namespace {

/// Bytes alive at the fullest moment: no packing needs less.
std::int64_t most_alive(const std::vector<Lifetime>& lifetimes) {
  std::int64_t most = 0;
  for (const Lifetime& at : lifetimes) {
    std::int64_t alive = 0;
    for (const Lifetime& life : lifetimes)
      if (life.begin <= at.begin && at.begin <= life.end) alive += life.bytes;
    most = std::max(most, alive);
  }
  return most;
}

TEST(Arena, RandomLifetimesNeverOverlap) {
  std::mt19937 random(4);
  double total = 0, needed = 0;
  for (int repeat = 0; repeat < 300; ++repeat) {
    const std::int64_t alignment = std::int64_t{1} << random() % 8;
    std::vector<Lifetime> lifetimes(random() % 60);
    for (Lifetime& life : lifetimes) {
      life.begin = random() % 40;
      life.end = life.begin + static_cast<std::int64_t>(random() % 12);
      life.bytes = random() % 5000;
    }
    const Packing packing = pack(lifetimes, alignment);
    for (std::size_t i = 0; i < lifetimes.size(); ++i) {
      const Lifetime& a = lifetimes[i];
      const std::int64_t a_end = packing.offsets[i] + a.bytes;
      EXPECT_EQ(packing.offsets[i] % alignment, 0);
      EXPECT_GE(packing.offsets[i], 0);
      EXPECT_LE(a_end, packing.total);
      for (std::size_t j = 0; j < i; ++j) {
        const Lifetime& b = lifetimes[j];
        if (a.begin > b.end || b.begin > a.end || a.bytes == 0 || b.bytes == 0) continue;
        EXPECT_TRUE(a_end <= packing.offsets[j] || packing.offsets[j] + b.bytes <= packing.offsets[i]);
      }
    }
    EXPECT_EQ(packing.offsets, pack(lifetimes, alignment).offsets);
    EXPECT_GE(packing.total, most_alive(lifetimes));
    total += static_cast<double>(packing.total), needed += static_cast<double>(most_alive(lifetimes));
  }
  EXPECT_LT(total, 1.1 * needed);
}

TEST(Arena, EqualBuffersNeedNoMoreThanThePeak) {
  std::mt19937 random(5);
  for (int repeat = 0; repeat < 100; ++repeat) {
    std::vector<Lifetime> lifetimes(40);
    for (Lifetime& life : lifetimes) {
      life.begin = random() % 60;
      life.end = life.begin + static_cast<std::int64_t>(random() % 15);
      life.bytes = 64;
    }
    EXPECT_EQ(pack(lifetimes, 64).total, most_alive(lifetimes));
  }
}

TEST(Arena, KnownPacking) {
  const std::vector<Lifetime> chain = {{0, 1, 100}, {1, 2, 100}, {2, 3, 50}, {3, 4, 10}};
  const Packing packing = pack(chain, 1);
  EXPECT_EQ(packing.total, 200);
  EXPECT_EQ(packing.offsets, (std::vector<std::int64_t>{0, 100, 0, 50}));
}

TEST(Arena, TakesTheTightestGap) {
  // Below the last one are a gap of 100 bytes and, above it, one of 80, which is the tighter for its 60.
  const std::vector<Lifetime> lifetimes = {{0, 0, 100}, {0, 9, 90}, {0, 0, 80}, {0, 9, 70}, {5, 9, 60}};
  const Packing packing = pack(lifetimes, 1);
  EXPECT_EQ(packing.offsets, (std::vector<std::int64_t>{0, 100, 190, 270, 190}));
  EXPECT_EQ(packing.total, 340);
}

TEST(Arena, EmptyAndImpossible) {
  EXPECT_EQ(pack({}, 64).total, 0);
  const std::vector<Lifetime> backwards = {{2, 1, 8}};
  EXPECT_THROW(pack(backwards, 64), Error);
  EXPECT_THROW(pack({}, 0), Error);
}

}  // namespace
}  // namespace heddle::schedule
