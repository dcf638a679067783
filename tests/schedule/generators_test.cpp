// GPipe and 1F1B against rows and clocks known from their papers.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "heddle/base/error.hpp"
#include "heddle/schedule/slots.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

TEST(GPipe, ForwardClocksOfFourMicrobatchesOnFiveStages) {
  const Cells cells = lock_step(gpipe(5, 4));
  const std::vector<std::string> clocks = {
      "0F0", "0F1 1F0", "0F2 1F1 2F0", "0F3 1F2 2F1 3F0", "1F3 2F2 3F1 4F0", "2F3 3F2 4F1", "3F3 4F2", "4F3"};
  for (std::size_t clock = 0; clock < clocks.size(); ++clock) {
    std::string text;
    for (const auto& row : cells)
      if (row[clock] && row[clock]->kind == ActionKind::forward) {
        if (!text.empty()) text += ' ';
        text += name(*row[clock]);
      }
    EXPECT_EQ(text, clocks[clock]) << "clock " << clock;
  }
  EXPECT_EQ(cells[PipelineRank(0)].size(), 16u);
  for (const auto& row : cells)
    for (std::size_t clock = clocks.size(); clock < row.size(); ++clock)
      EXPECT_TRUE(!row[clock] || is_backward(row[clock]->kind));
}

TEST(OneFOneB, RowsOfEightMicrobatchesOnFourStages) {
  EXPECT_EQ(write(one_f_one_b(4, 8)),
            "0F0,0F1,0F2,0F3,0B0,0F4,0B1,0F5,0B2,0F6,0B3,0F7,0B4,0B5,0B6,0B7\n"
            "1F0,1F1,1F2,1B0,1F3,1B1,1F4,1B2,1F5,1B3,1F6,1B4,1F7,1B5,1B6,1B7\n"
            "2F0,2F1,2B0,2F2,2B1,2F3,2B2,2F4,2B3,2F5,2B4,2F6,2B5,2F7,2B6,2B7\n"
            "3F0,3B0,3F1,3B1,3F2,3B2,3F3,3B3,3F4,3B4,3F5,3B5,3F6,3B6,3F7,3B7\n");
}

TEST(OneFOneB, FewerMicrobatchesThanStages) {
  EXPECT_EQ(write(one_f_one_b(4, 2)), "0F0,0F1,0B0,0B1\n1F0,1F1,1B0,1B1\n2F0,2F1,2B0,2B1\n3F0,3B0,3F1,3B1\n");
}

TEST(Generators, OneStageDoesOneMicrobatchAfterAnotherOrAllAtOnce) {
  EXPECT_EQ(write(one_f_one_b(1, 2)), "0F0,0B0,0F1,0B1\n");
  EXPECT_EQ(write(gpipe(1, 2)), "0F0,0F1,0B0,0B1\n");
}

TEST(Generators, PeakActivationsAreThePapers) {
  for (int stages : {1, 2, 3, 4, 8, 16})
    for (int microbatches : {1, 2, 3, 7, 8, 16, 33}) {
      const Schedule all = gpipe(stages, microbatches), alternating = one_f_one_b(stages, microbatches);
      for (const Stage stage : first<Stage>(stages)) {
        const auto peak = [&](const Schedule& schedule) {
          return assign_slots(lives(schedule.rows[schedule.rank_of_stage[stage]],
                                    {{{stage, ActionKind::forward}}, {{stage, ActionKind::backward}}}))
              .count;
        };
        EXPECT_EQ(peak(all), microbatches);
        EXPECT_EQ(peak(alternating), std::min(microbatches, stages - stage));
      }
    }
}

TEST(LockStep, ClocksOfAScheduleGiveItsRowsBack) {
  for (int stages : {1, 2, 5})
    for (int microbatches : {1, 4}) {
      const Schedule schedule = one_f_one_b(stages, microbatches);
      EXPECT_EQ(schedule_of(lock_step(schedule)), schedule);
    }
  EXPECT_EQ(write(lock_step(one_f_one_b(2, 2))), "0F0,0F1,,0B0,,0B1\n,1F0,1B0,1F1,1B1,\n");
}

TEST(LockStep, NamesTheActionThatNeverStarts) {
  try {
    lock_step(read_schedule("0F0,0B0\n1B0,1F0\n"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "rank 0, action 1 0B0 can never start (it waits for 1B0); compare them with rows that run, "
                 "which `heddle schedule DECK --format csv` writes");
  }
}

}  // namespace
}  // namespace heddle::schedule
