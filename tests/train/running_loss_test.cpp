#include "heddle/train/running_loss.hpp"

#include <gtest/gtest.h>

namespace heddle::train {
namespace {

TEST(RunningLoss, IsTheMeanOfAllAtFirst) {
  RunningLoss losses;
  for (int i = 1; i <= 100; ++i) losses.add(i);
  EXPECT_NEAR(losses.mean(), 50.5, 1e-12);
  losses.add(150.5);
  EXPECT_NEAR(losses.mean(), 51.5, 1e-12) << "each has a hundredth of the weight from now on";
}

TEST(RunningLoss, JudgesOnceItKnowsTen) {
  RunningLoss losses(2);
  for (int i = 0; i < 9; ++i) losses.add(1);
  EXPECT_FALSE(losses.spikes(1000));
  losses.add(1);
  EXPECT_FALSE(losses.spikes(2));
  EXPECT_TRUE(losses.spikes(2.001));
}

TEST(RunningLoss, WithoutALimitNothingIsASpike) {
  RunningLoss losses;
  for (int i = 0; i < 20; ++i) losses.add(1);
  EXPECT_FALSE(losses.spikes(1e30));
}

TEST(RunningLoss, GoesOnFromWhatItWas) {
  RunningLoss losses(2);
  for (int i = 1; i <= 30; ++i) losses.add(i);
  const RunningLoss again(losses.spike(), losses.mean(), losses.steps());
  EXPECT_TRUE(again.spikes(31.5));
  EXPECT_EQ(again.mean(), losses.mean());
}

}  // namespace
}  // namespace heddle::train
