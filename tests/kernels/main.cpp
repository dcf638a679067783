// Runs the tests of the kernels within one run of Kokkos.
#include <gtest/gtest.h>

#include "heddle/kernels/runtime.hpp"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const heddle::kernels::Runtime runtime;
  return RUN_ALL_TESTS();
}
