// Memory and the threads behind a lane.
#include "heddle/kernels/lane.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace heddle::kernels {
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

#ifdef _OPENMP
TEST(Runtime, HoldsTheGemmLibraryToTheLanesThreads) { EXPECT_EQ(omp_get_max_threads(), Lane{}.threads()); }
#endif

}  // namespace
}  // namespace heddle::kernels
