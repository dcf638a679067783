// Runs the tests of the kernels within one run of Kokkos, or skips them where there is no device.
#include <gtest/gtest.h>

#include <optional>

#include "heddle/kernels/runtime.hpp"

namespace {

class Kernels : public testing::EmptyTestEventListener {
  void OnTestProgramStart(const testing::UnitTest&) override {
    lacks_ = heddle::kernels::Runtime::lacks();
    if (lacks_.empty()) runtime_.emplace();
  }
  void OnTestStart(const testing::TestInfo&) override {
    if (!lacks_.empty()) GTEST_SKIP() << lacks_;
  }
  void OnTestProgramEnd(const testing::UnitTest&) override { runtime_.reset(); }

  std::string lacks_;
  std::optional<heddle::kernels::Runtime> runtime_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new Kernels);
  return RUN_ALL_TESTS();
}
