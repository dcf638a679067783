// The threads behind the kernels.
#include "heddle/kernels/runtime.hpp"

#ifdef _OPENMP
#include <gtest/gtest.h>
#include <omp.h>

#include "../../../src/kernels/space.hpp"

namespace heddle::kernels {
namespace {

TEST(Runtime, HoldsTheGemmLibraryToTheLanesThreads) {
  EXPECT_EQ(omp_get_max_threads(), space(lanes::Lane()).concurrency());
}

}  // namespace
}  // namespace heddle::kernels
#endif
