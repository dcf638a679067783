// The deck's words for schedules and their actions are those that the generators and the simulator have.
#include <gmock/gmock.h>

#include "heddle/plan/costs.hpp"
#include "heddle/schedule/generate.hpp"

namespace heddle::plan {
namespace {

TEST(ScheduleNames, AreTheSameInDeckAndSchedule) {
  EXPECT_THAT(schedule::names(), testing::ElementsAreArray(deck::schedules));
}

TEST(ScheduleNames, TheFirstFiguresOfADeckAreTheKindsThatTakeTime) {
  std::vector<std::string_view> words;
  for (const schedule::ActionKind kind : schedule::timed_kinds) words.push_back(name(figure_of(kind)));
  EXPECT_THAT(words, testing::ElementsAre("forward", "backward", "backward_input", "backward_weight",
                                          "reduce_gradients", "step"));
}

}  // namespace
}  // namespace heddle::plan
