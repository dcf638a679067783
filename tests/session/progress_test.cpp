// What a run says while it goes on.
#include "heddle/session/progress.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <sstream>
#include <thread>

namespace heddle::session {
namespace {

/// The lines of a run whose first step takes so long, and whose others take no time.
std::vector<std::string> lines(std::int64_t steps, std::chrono::milliseconds first) {
  testing::internal::CaptureStdout();
  Progress progress(Progress::Voice::speaks, steps, 100, 1);
  for (std::int64_t step = 0; step < 3; ++step) {
    progress.step_begins(step);
    if (step == 0) std::this_thread::sleep_for(first);
    progress.step_ended({.step = step, .loss = 5.5, .gradient_norm = 2, .rate = step == 0 ? 5e-4 : 1e-3});
  }
  std::istringstream text(testing::internal::GetCapturedStdout());
  std::vector<std::string> all;
  for (std::string line; std::getline(text, line);) all.push_back(line);
  return all;
}

TEST(Progress, TellsTheLearningRateOfItsStep) {
  const auto said = lines(3, std::chrono::milliseconds(0));
  ASSERT_EQ(said.size(), 3u);
  EXPECT_THAT(said[0], testing::HasSubstr("step 1/3  loss 5.5000  |g| 2.000  rate 0.0005  "));
  EXPECT_THAT(said[1], testing::HasSubstr("rate 0.001  "));
}

/// With it, two hours would be left. Without it less than one, even if the other two took a third of a second each.
TEST(Progress, TimeLeftLeavesTheSlowFirstStepOut) {
  const auto said = lines(20000, std::chrono::milliseconds(1100));
  ASSERT_EQ(said.size(), 3u);
  EXPECT_THAT(said[0], testing::Not(testing::HasSubstr("left")));
  EXPECT_THAT(said[2], testing::HasSubstr(" left"));
  EXPECT_THAT(said[2], testing::Not(testing::HasSubstr("h ")));
}

}  // namespace
}  // namespace heddle::session
