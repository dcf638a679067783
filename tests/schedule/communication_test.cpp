// Sends and receives stand where torch.distributed.pipelining puts them, or right before their use.
#include "heddle/schedule/communication.hpp"

#include <gtest/gtest.h>

#include "heddle/base/error.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

/// The expected texts of `as_sent` were written by PyTorch 2.15.0 from the same cells.
std::string as_torch(const std::string& text) {
  const Cells cells = read_cells(text);
  return write(add_communication(cells, schedule_of(cells).rank_of_stage, Receives::as_sent));
}

TEST(Communication, AsTorchForTwoStages) {
  EXPECT_EQ(as_torch("0F0,0F1,,0B0,,0B1\n,1F0,1B0,1F1,1B1,\n"),
            "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n"
            "1RECV_F0,1RECV_F1,1F0,1B0,1SEND_B0,1F1,1B1,1SEND_B1\n");
}

TEST(Communication, AsTorchForThreeStages) {
  EXPECT_EQ(as_torch("0F0,0F1,0F2,,,0B0,0F3,0B1,,0B2,,0B3\n"
                     ",1F0,1F1,,1B0,1F2,1B1,1F3,1B2,,1B3,\n"
                     ",,2F0,2B0,2F1,2B1,2F2,2B2,2F3,2B3,,\n"),
            "0F0,0SEND_F0,0F1,0SEND_F1,0F2,0SEND_F2,0RECV_B0,0B0,0F3,0SEND_F3,0RECV_B1,0B1,0RECV_B2,0B2,"
            "0RECV_B3,0B3\n"
            "1RECV_F0,1RECV_F1,1F0,1SEND_F0,1RECV_F2,1F1,1SEND_F1,1RECV_B0,1B0,1SEND_B0,1F2,1SEND_F2,1RECV_"
            "B1,1RECV_F3,"
            "1B1,1SEND_B1,1F3,1SEND_F3,1RECV_B2,1B2,1SEND_B2,1RECV_B3,1B3,1SEND_B3\n"
            "2RECV_F0,2RECV_F1,2F0,2B0,2SEND_B0,2F1,2RECV_F2,2B1,2SEND_B1,2F2,2RECV_F3,2B2,2SEND_B2,2F3,2B3,"
            "2SEND_B3\n");
}

TEST(Communication, AsTorchForStagesInAVWithSplitBackward) {
  EXPECT_EQ(write(add_communication(v_shaped(), Receives::as_sent)),
            "0F0,0SEND_F0,0F1,0SEND_F1,3RECV_F0,3F0,3I0,3SEND_B0,3RECV_F1,3W0,3F1,0RECV_B0,3I1,3SEND_B1,3W1,"
            "0B0,0RECV_B1,"
            "0B1\n"
            "1RECV_F0,1RECV_F1,1F0,2F0,2SEND_F0,1F1,2RECV_B0,2F1,2SEND_F1,2I0,1I0,1SEND_B0,2RECV_B1,2I1,1I1,"
            "1SEND_B1,2W0,"
            "1W0,2W1,1W1\n");
}

TEST(Communication, ReceivesRightBeforeTheirUse) {
  EXPECT_EQ(write(add_communication(one_f_one_b(2, 2))),
            "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n"
            "1RECV_F0,1F0,1B0,1SEND_B0,1RECV_F1,1F1,1B1,1SEND_B1\n");
}

TEST(Communication, KeepsTheOrderOfComputations) {
  for (const Receives receives : {Receives::before_use, Receives::as_sent}) {
    const Schedule compute = one_f_one_b(5, 7);
    Schedule rest = add_communication(compute, receives);
    for (Row& row : rest.rows)
      std::erase_if(row, [](const Action& action) { return !is_compute(action.kind); });
    EXPECT_EQ(rest, compute);
  }
}

TEST(Communication, OneStageSendsNothing) {
  EXPECT_EQ(add_communication(one_f_one_b(1, 3)), one_f_one_b(1, 3));
}

TEST(Communication, StepComesLastForEveryStage) {
  EXPECT_EQ(write(finish_step(one_f_one_b(2, 1))),
            "0F0,0B0,0REDUCE_GRAD,0STEP\n1F0,1B0,1REDUCE_GRAD,1STEP\n");
  const Schedule v = finish_step(v_shaped());
  EXPECT_EQ(name(v.rows[PipelineRank(0)][10]), "0REDUCE_GRAD");
  EXPECT_EQ(name(v.rows[PipelineRank(0)][11]), "3REDUCE_GRAD");
  EXPECT_EQ(name(v.rows[PipelineRank(0)][12]), "0STEP");
  EXPECT_EQ(name(v.rows[PipelineRank(0)][13]), "3STEP");
}

TEST(Communication, NamesTheComputationThatNeverStarts) {
  const Cells cells = read_cells("0F0,,0B0\n1F1,1B0\n");
  try {
    add_communication(cells, one_stage_a_rank(2), Receives::as_sent);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "rank 0, action 1 0B0 can never start (it waits for 1B0); compare them with rows that "
                 "run, which `heddle schedule DECK --format csv` writes");
  }
}

}  // namespace
}  // namespace heddle::schedule
