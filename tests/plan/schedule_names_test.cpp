// The deck's words for schedules are those that the generators have.
#include <gmock/gmock.h>

#include "heddle/deck/deck.hpp"
#include "heddle/schedule/generate.hpp"

namespace heddle::plan {
namespace {

TEST(ScheduleNames, AreTheSameInDeckAndSchedule) {
  EXPECT_THAT(schedule::names(), testing::ElementsAreArray(deck::schedules));
}

}  // namespace
}  // namespace heddle::plan
