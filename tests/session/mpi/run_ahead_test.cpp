// Where a device's library carries messages, the host of a pipeline rank enqueues what comes behind a message before it has come.
#include <gtest/gtest.h>

#include "heddle/comm/collectives.hpp"
#include "support/message_double.hpp"
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
  const auto second_loss = [&](exec::Observer* observer) {
    Training training(small_deck(pipeline));
    training.trainer.step(0, training.batch);
    return training.trainer.step(1, training.batch, observer).loss;
  };
  Meets observer;
  EXPECT_EQ(second_loss(&observer), second_loss(nullptr));
}

class Fails final : public exec::Observer {
 public:
  void action_begins(const schedule::Action& action) override {
    if (action.kind == schedule::ActionKind::backward && world().rank() == world().size() - 1)
      throw Error(ExitCode::failure, "the last rank fails");
  }
};

TEST(RunAhead, WhatTheLaneWaitsForIsGivenUpWhereARankFails) {
  if (!by_device_messages()) GTEST_SKIP() << "nothing is under way on a lane";
  const auto messages = device_messages();
  world().send_through(messages);
  const ExitCode code = world().run([] {
    Training training(
        small_deck({"grid.pipeline=" + std::to_string(world().size()), "pipeline.microbatches=4"}));
    training.trainer.step(0, training.batch);
    Fails observer;
    training.trainer.step(1, training.batch, &observer);
  });
  EXPECT_EQ(code, ExitCode::failure);
  if (const auto* one = dynamic_cast<const MessageDouble*>(messages.get())) {
    EXPECT_TRUE(one->given_up());
  }
  world().send_through(device_messages());
}

}  // namespace
}  // namespace heddle::tests
