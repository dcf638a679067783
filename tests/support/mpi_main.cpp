// main of the GoogleTest programs that run under mpirun: rank 0 reports, another rank only what fails on it,
// and a failure on any rank fails the run on all of them.
#include <gtest/gtest.h>

#include "support/mpi_world.hpp"

namespace heddle::tests {
namespace {

comm::World* the_world = nullptr;

/// Prints failures only, each with the rank that it happened on.
class FailurePrinter : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::fprintf(stderr, "rank %d: %s:%d: %s\n", world().rank(),
                 result.file_name() ? result.file_name() : "?", result.line_number(), result.message());
  }
};

}  // namespace

comm::World& world() { return *the_world; }

}  // namespace heddle::tests

int main(int argc, char** argv) {
  using namespace heddle;
  testing::InitGoogleTest(&argc, argv);
  comm::World world(argc, argv);
  world.watchdog().set_timeout(60);
  tests::the_world = &world;
  if (world.rank() != 0) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new tests::FailurePrinter);
  }
  const bool passed = RUN_ALL_TESTS() == 0;
  return static_cast<int>(world.agree(passed ? ExitCode::done : ExitCode::failure));
}
