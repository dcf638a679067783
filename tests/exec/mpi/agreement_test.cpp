// What the first rank chooses comes to the others in its order, and stays the next choice until it is taken.
#include "heddle/exec/agreement.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "support/mpi_world.hpp"

namespace heddle::tests {
namespace {

constexpr std::int32_t choices = 20;

std::int32_t await(exec::Agreement& agreement) {
  comm::Wait wait(world().watchdog(), {"a choice"});
  for (;; wait.idle())
    if (const auto told = agreement.told()) return *told;
}

TEST(Agreement, ChoicesComeInOrder) {
  exec::Agreement agreement(world().all());
  EXPECT_EQ(agreement.decides(), world().rank() == 0);
  for (std::int32_t choice = 0; choice < choices; ++choice) {
    if (agreement.decides()) {
      agreement.tell(choice * 3);
      continue;
    }
    EXPECT_EQ(await(agreement), choice * 3);
    EXPECT_EQ(agreement.told(), choice * 3) << "it has not been taken";
    agreement.take();
  }
  agreement.finish();
}

TEST(Agreement, NobodyIsToldBeforeTheFirstRankHasChosen) {
  if (world().size() == 1) return;
  exec::Agreement agreement(world().all());
  if (agreement.decides()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    agreement.tell(7);
  } else {
    EXPECT_EQ(agreement.told(), std::nullopt);
    EXPECT_EQ(await(agreement), 7);
    agreement.take();
  }
  agreement.finish();
}

}  // namespace
}  // namespace heddle::tests
