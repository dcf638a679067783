// Memory is shared by all who use it, and can be asked for by any address within it.
#include "heddle/lanes/memory.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>

namespace heddle::lanes {
namespace {

TEST(Memory, IsAlignedMovesAndZeroes) {
  Memory memory(1001);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % 64, 0u);
  std::memset(memory.data(), 0xff, 1001);
  memory.zero();
  EXPECT_EQ(static_cast<const char*>(memory.data())[1000], 0);
  void* data = memory.data();
  Memory moved(std::move(memory));
  EXPECT_EQ(moved.data(), data);
  EXPECT_EQ(moved.bytes(), 1001);
  moved = Memory(0);
  EXPECT_EQ(moved.data(), nullptr);
  moved.zero();
}

TEST(Memory, MayBeLargerThanItsLargePages) {  // the wish for them rounds inwards, so no neighbour is touched
  for (const std::int64_t bytes :
       {(std::int64_t{2} << 20) - 1, std::int64_t{5} << 20, (std::int64_t{6} << 20) + 1}) {
    Memory memory(bytes);
    EXPECT_EQ(memory.bytes(), bytes);
    std::memset(memory.data(), 0xff, static_cast<std::size_t>(bytes));
    memory.zero();
    EXPECT_EQ(static_cast<const char*>(memory.data())[bytes - 1], 0);
  }
}

TEST(Memory, LivesAsLongAsSomebodySharesIt) {
  std::weak_ptr<void> watched;
  std::shared_ptr<void> kept;
  const std::byte* begin = nullptr;
  {
    const Memory memory(256), other(256);
    begin = static_cast<const std::byte*>(memory.data());
    EXPECT_EQ(owner_of(begin), owner_of(begin + 255));
    EXPECT_NE(owner_of(begin), owner_of(other.data()));
    kept = owner_of(begin + 100);
    watched = kept;
  }
  EXPECT_EQ(owner_of(begin), kept);
  kept.reset();
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(owner_of(begin), nullptr);
  int nobodys = 0;
  EXPECT_EQ(owner_of(&nobodys), nullptr);
}

}  // namespace
}  // namespace heddle::lanes
