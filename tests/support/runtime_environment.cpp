// Kokkos lives as long as the tests of this program.
#include <gtest/gtest.h>

#include <optional>

#include "heddle/kernels/runtime.hpp"

namespace heddle::tests {
namespace {

class RuntimeEnvironment : public testing::Environment {
  void SetUp() override { runtime_.emplace(1); }
  void TearDown() override { runtime_.reset(); }
  std::optional<kernels::Runtime> runtime_;
};

const auto* const environment = testing::AddGlobalTestEnvironment(new RuntimeEnvironment);

}  // namespace
}  // namespace heddle::tests
