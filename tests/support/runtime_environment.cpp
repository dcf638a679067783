// Kokkos lives as long as the tests of this program, which are skipped where there is no device.
#include <gtest/gtest.h>

#include <optional>

#include "heddle/kernels/runtime.hpp"
#include "support/lane.hpp"
#include "support/mpi_world.hpp"

namespace heddle::tests {
namespace {

class RuntimeEnvironment : public testing::Environment {
  void SetUp() override {
    if (const std::string why = kernels::Runtime::lacks(); !why.empty()) GTEST_SKIP() << "no device: " << why;
    runtime_.emplace(world().rank_on_host(), 1);
    lane();  // before any communicator of a test
  }
  void TearDown() override {
    if (!runtime_) return;
    lane().fence("the end");  // a late lane's kernels, too, need Kokkos
    runtime_.reset();
  }
  std::optional<kernels::Runtime> runtime_;
};

const auto* const environment = testing::AddGlobalTestEnvironment(new RuntimeEnvironment);

}  // namespace
}  // namespace heddle::tests
