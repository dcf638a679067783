#include "heddle/schedule/message_order.hpp"

#include <gtest/gtest.h>

#include "heddle/schedule/generate.hpp"
#include "heddle/schedule/null_machine.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

TEST(MessageOrder, EveryScheduleTakesTheMessagesOfAChannelAsTheyAreSent) {
  for (const std::string_view name : names())
    for (const int ranks : {2, 3, 4, 8})
      for (const int chunks : {1, 2, 3})
        for (const int microbatches : {1, 2, 5, 8, 16}) {
          std::optional<Schedule> schedule;
          try {
            schedule = lowered(generate({std::string(name), ranks, chunks, microbatches}));
          } catch (const BadRequest&) {
            continue;
          }
          EXPECT_TRUE(ordered_channels(*schedule))
              << name << " on " << ranks << " ranks, " << chunks << " chunks, " << microbatches;
        }
}

TEST(MessageOrder, OfTwoStagesTheForwardAndTheBackwardAreChannels) {
  const auto channels = ordered_channels(lowered(gpipe(2, 3)));
  const PipelineRank first(0), second(1);
  const std::size_t down = channel_of({ActionKind::send_forward, Stage(0), 0}),
                    up = channel_of({ActionKind::send_backward, Stage(1), 0});
  EXPECT_EQ(channels, (std::set<Channel>{{first, second, down}, {second, first, up}}));
}

TEST(MessageOrder, AnotherOrderOfReceivesIsSeen) {
  EXPECT_TRUE(
      ordered_channels(read_schedule("0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n"
                                     "1RECV_F0,1F0,1RECV_F1,1F1,1B0,1SEND_B0,1B1,1SEND_B1\n")));
  EXPECT_FALSE(
      ordered_channels(read_schedule("0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n"
                                     "1RECV_F1,1F1,1RECV_F0,1F0,1B0,1SEND_B0,1B1,1SEND_B1\n")));
}

TEST(MessageOrder, OneThatIsDecidedWhileItRunsIsNone) {
  Schedule schedule = lowered(gpipe(2, 3));
  schedule.window = 2;
  EXPECT_FALSE(ordered_channels(schedule));
}

}  // namespace
}  // namespace heddle::schedule
