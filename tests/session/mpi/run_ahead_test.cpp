// Where a device's library carries messages, the host of a pipeline rank enqueues what comes behind a message before it has come.
#include <gtest/gtest.h>

#include "heddle/comm/collectives.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

/// Both ranks meet before the first has computed anything, and when the second is about to use what the first makes of it.
class Meets final : public exec::Observer {
 public:
  void action_begins(const schedule::Action& action) override {
    if (action.kind == schedule::ActionKind::forward && action.microbatch == 0)
      comm::barrier(world().all(), "both to begin");
  }
};

TEST(RunAhead, TheHostDoesNotWaitForAMessageOfTheLane) {
  if (!by_device_messages()) GTEST_SKIP() << "MPI carries messages, and the host waits for them";
  const std::vector<std::string> pipeline = {"grid.pipeline=" + std::to_string(world().size()),
                                             "pipeline.microbatches=4"};
  Training training(small_deck(pipeline));
  Meets observer;
  const double ahead = training.trainer.step(0, training.batch, &observer).loss;
  EXPECT_EQ(ahead, Training(small_deck(pipeline)).trainer.step(0, training.batch).loss);
}

}  // namespace
}  // namespace heddle::tests
