// What is done to rows that stand: I and W become B, and rows become a picture.
#include "heddle/schedule/merge.hpp"

#include <gtest/gtest.h>

#include "heddle/schedule/picture.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

std::string merged(const std::string& rows) { return write(merge_backwards(read_schedule(rows))); }

TEST(Merge, OfOneStageAndMicrobatchSideBySide) {
  EXPECT_EQ(merged("0F0,0I0,0W0\n"), "0F0,0B0\n");
  EXPECT_EQ(merged("0I0,0W0,0I1,0W1\n"), "0B0,0B1\n");
  EXPECT_EQ(merged("0I0,0I1,0W0,0W1\n"), "0I0,0I1,0W0,0W1\n");
  EXPECT_EQ(merged("0I1,0W0,3I0,0W1\n"), "0I1,0W0,3I0,0W1\n");
  EXPECT_EQ(merged("0I0,3W0\n"), "0I0,3W0\n");
  EXPECT_EQ(merged("0I0,0SEND_B0,0W0\n"), "0I0,0SEND_B0,0W0\n");
  EXPECT_EQ(merged("0F0,0B0\n,\n"), "0F0,0B0\n,\n");
}

TEST(Picture, NamesActionsWhileTheyFit) {
  const Schedule rows = one_f_one_b(2, 2);
  EXPECT_EQ(picture(lock_step(rows), rows.rank_of_stage),
            "   0  F0 F1 .  B0 .  B1\n   1  .  F0 B0 F1 B1 .\n");
  EXPECT_EQ(picture(lock_step(rows), rows.rank_of_stage, 10), "   0 FF.B.B\n   1 .FBFB.\n");
}

TEST(Picture, LeavesTheMiddleOfLongLinesOut) {
  const Schedule rows = one_f_one_b(2, 8);
  EXPECT_EQ(picture(lock_step(rows), rows.rank_of_stage, 8),
            "   0 FF.B ~ FB.B\n   1 .FBF ~ BFB.\n"
            "10 of the 18 steps are left out where lines have `~`; --format svg or csv has them\n");
}

TEST(Picture, TellsTheStagesOfARankApart) {
  const Schedule rows = read_schedule("0F0,3F0,3B0,0B0\n1F0,2F0,2B0,1B0\n");
  EXPECT_EQ(picture(lock_step(rows), rows.rank_of_stage, 10), "   0 F..fb..B\n   1 .Ff..bB.\n");
  EXPECT_EQ(picture(lock_step(rows), rows.rank_of_stage),
            "   0  0F0 .   .   3F0 3B0 .   .   0B0\n   1  .   1F0 2F0 .   .   2B0 1B0 .\n");
}

}  // namespace
}  // namespace heddle::schedule
