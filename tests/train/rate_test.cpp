// Learning rates against values by hand; cosine as nanoGPT's get_lr computes it.
#include "heddle/train/rate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace heddle::train {
namespace {

using deck::RateSchedule;

deck::Optimizer optimizer(RateSchedule schedule, double rate, double final_rate, std::int64_t warmup,
                          std::int64_t decay) {
  deck::Optimizer settings;
  settings.schedule = schedule;
  settings.rate = rate;
  settings.final_rate = final_rate;
  settings.warmup = warmup;
  settings.decay = decay;
  return settings;
}

TEST(LearningRate, CosineIsNanoGpts) {
  const auto gpt2 = optimizer(RateSchedule::cosine, 6e-4, 6e-5, 2000, 600000);
  const auto at = [&](std::int64_t step) { return learning_rate(gpt2, step, 700000); };
  EXPECT_DOUBLE_EQ(at(0), 6e-4 / 2001);
  EXPECT_DOUBLE_EQ(at(999), 6e-4 * 1000 / 2001);
  EXPECT_DOUBLE_EQ(at(1999), 6e-4 * 2000 / 2001);
  EXPECT_DOUBLE_EQ(at(2000), 6e-4);
  EXPECT_DOUBLE_EQ(at(151500),
                   6e-5 + 5.4e-4 * 0.8535533905932737);  // a quarter of the way: (1 + sqrt(1/2)) / 2
  EXPECT_DOUBLE_EQ(at(301000), 3.3e-4);
  EXPECT_DOUBLE_EQ(at(600000), 6e-5);
  EXPECT_DOUBLE_EQ(at(699999), 6e-5);
}

TEST(LearningRate, CosineDecaysOverTheWholeRunWhereNothingElseIsSaid) {
  const auto settings = optimizer(RateSchedule::cosine, 1e-3, 1e-4, 100, 0);
  EXPECT_DOUBLE_EQ(learning_rate(settings, 1050, 2000), 5.5e-4);
  EXPECT_DOUBLE_EQ(learning_rate(settings, 2000, 2000), 1e-4);
  EXPECT_GT(learning_rate(settings, 1999, 2000), 1e-4);
}

TEST(LearningRate, WsdIsStableAndThenALine) {
  const auto settings = optimizer(RateSchedule::wsd, 1e-3, 1e-4, 10, 20);
  const auto at = [&](std::int64_t step) { return learning_rate(settings, step, 100); };
  EXPECT_DOUBLE_EQ(at(0), 1e-3 / 11);
  EXPECT_DOUBLE_EQ(at(10), 1e-3);
  EXPECT_DOUBLE_EQ(at(80), 1e-3);
  EXPECT_DOUBLE_EQ(at(90), 5.5e-4);
  EXPECT_DOUBLE_EQ(at(99), 1.45e-4);
}

TEST(LearningRate, ADecayLongerThanTheRunBeginsBehindTheWarmup) {
  const auto settings = optimizer(RateSchedule::wsd, 1e-3, 0, 10, 1000);
  EXPECT_DOUBLE_EQ(learning_rate(settings, 10, 100), 1e-3);
  EXPECT_DOUBLE_EQ(learning_rate(settings, 55, 100), 5e-4);
}

TEST(LearningRate, ConstantIsConstantAfterTheWarmup) {
  const auto settings = optimizer(RateSchedule::constant, 1e-3, 1e-5, 3, 0);
  EXPECT_DOUBLE_EQ(learning_rate(settings, 0, 50), 2.5e-4);
  for (std::int64_t step = 3; step < 50; ++step) EXPECT_EQ(learning_rate(settings, step, 50), 1e-3);
}

TEST(LearningRate, StartsAtItsHeightWithoutAWarmup) {
  for (auto schedule : {RateSchedule::cosine, RateSchedule::wsd, RateSchedule::constant})
    EXPECT_EQ(learning_rate(optimizer(schedule, 1e-3, 1e-5, 0, 0), 0, 10), 1e-3);
}

/// No step is longer than the steepest place of the curve allows, borders included.
TEST(LearningRate, HasNoJumps) {
  const double rate = 1e-3, final_rate = 1e-4;
  const std::int64_t steps = 200;
  for (auto schedule : {RateSchedule::cosine, RateSchedule::wsd, RateSchedule::constant})
    for (std::int64_t warmup : {0, 1, 20, 150})
      for (std::int64_t decay : {40, 160, 190}) {
        const auto settings = optimizer(schedule, rate, final_rate, warmup, decay);
        const std::int64_t length =
            schedule == RateSchedule::cosine ? decay - warmup : std::min(decay, steps - warmup);
        if (length <= 0) continue;
        const double fall = std::numbers::pi / 2 * (rate - final_rate) / static_cast<double>(length);
        const double climb = rate / static_cast<double>(warmup + 1);
        for (std::int64_t step = 0; step < steps + 5; ++step) {
          const double now = learning_rate(settings, step, steps),
                       next = learning_rate(settings, step + 1, steps);
          EXPECT_LE(std::abs(next - now), 1.0001 * (step < warmup ? climb : fall)) << step;
          EXPECT_GE(now, std::min(final_rate, climb));
          EXPECT_LE(now, rate);
        }
      }
}

}  // namespace
}  // namespace heddle::train
