// Rows as text: what is read is what was written, and every slip is named by its row and column.
#include "heddle/schedule/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/ids.hpp"
#include "heddle/base/error.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

TEST(Text, NamesEveryKindAsTorchDoes) {
  EXPECT_EQ(name(Action{ActionKind::forward, Stage(0), 0}), "0F0");
  EXPECT_EQ(name(Action{ActionKind::backward, Stage(1), 3}), "1B3");
  EXPECT_EQ(name(Action{ActionKind::backward_input, Stage(0), 2}), "0I2");
  EXPECT_EQ(name(Action{ActionKind::backward_weight, Stage(0), 2}), "0W2");
  EXPECT_EQ(name(Action{ActionKind::send_forward, Stage(0), 0}), "0SEND_F0");
  EXPECT_EQ(name(Action{ActionKind::receive_forward, Stage(1), 0}), "1RECV_F0");
  EXPECT_EQ(name(Action{ActionKind::send_backward, Stage(1), 10}), "1SEND_B10");
  EXPECT_EQ(name(Action{ActionKind::receive_backward, Stage(12), 0}), "12RECV_B0");
  EXPECT_EQ(name(Action{ActionKind::reduce_gradients, Stage(0)}), "0REDUCE_GRAD");
  EXPECT_EQ(name(Action{ActionKind::step, Stage(4)}), "4STEP");
  EXPECT_EQ(name(Action{ActionKind::forward, Stage(2), 0, 3}), "2F0.3");
}

TEST(Text, ReadsEveryCellThatItWrites) {
  const std::string text =
      "0F0,,12I3,2W1,0SEND_F0\n1RECV_F0,1SEND_B0,0RECV_B0,0REDUCE_GRAD,0STEP\n,2F0.3,1B3.12,,\n";
  EXPECT_EQ(write(read_cells(text)), text);
  EXPECT_EQ(read_cells(text)[PipelineRank(2)][1], (Action{ActionKind::forward, Stage(2), 0, 3}));
  EXPECT_EQ(read_cells(text)[PipelineRank(2)].size(), 5u);
}

TEST(Text, TakesWhatTorchWritesBesides) {
  EXPECT_EQ(write(read_cells("0F0,(0F1;3B0)OVERLAP_F_B,0WAIT_SEND_F0,0REDUCE_GRAD,0WAIT_REDUCE_GRAD,,0F2\n")),
            "0F0,0F1,3B0,0REDUCE_GRAD,,0F2\n");
}

TEST(Text, RoundTripsSchedules) {
  for (const Schedule& schedule : many_schedules()) {
    const Schedule read = read_schedule(write(schedule));
    EXPECT_EQ(read, schedule) << write(schedule);
  }
}

TEST(Text, TakesForeignLineEndsAndBlanks) {
  EXPECT_EQ(write(read_cells(" 0F0 ,\t0F1\r\n1F0 , \r\n")), "0F0,0F1\n1F0,\n");
  EXPECT_EQ(write(read_cells("0F0,0F1")), "0F0,0F1\n");
  EXPECT_TRUE(read_cells("").empty());
}

TEST(Text, TakesWhatSpreadsheetsAndEditorsMakeOfIt) {
  EXPECT_EQ(write(read_cells("\xef\xbb\xbf"
                             "0F0,0F1\n1F0,\n")),
            "0F0,0F1\n1F0,\n");
  EXPECT_EQ(write(read_cells("0F0;;0F1\r\n(1F0;1B0)OVERLAP_F_B;\r\n")), "0F0,,0F1\n1F0,1B0,\n");
  EXPECT_EQ(write(read_cells("\"0F0\", \"\",\"(1F0;1B0)OVERLAP_F_B\"\n")), "0F0,,1F0,1B0\n");
  EXPECT_EQ(write(read_cells("0F0\n\n1F0\n\n \r\n")),
            "0F0\n\n1F0\n");  // an idle rank, and no more than three
  EXPECT_TRUE(read_cells("\n \n").empty());
  const Schedule idle = read_schedule("0F0,0B0\n,\n,\n");
  EXPECT_EQ(write(idle), "0F0,0B0\n\n,\n");
  EXPECT_EQ(read_schedule(write(idle)), idle);
}

TEST(Text, KnowsWhereAStageIs) {
  const Schedule schedule = read_schedule("0F0,3F0,5SEND_F0\n1F0,2F7\n");
  EXPECT_EQ(schedule.rank_of_stage, (tests::ids<PipelineRank>({0, 1, 1, 0, -1, -1})));
  EXPECT_EQ(schedule.microbatches, 8);
}

TEST(Text, NamesRowAndColumnOfASlip) {
  const char* slips[] = {"F0",
                         "0",
                         "0F",
                         "0X1",
                         "0f0",
                         "0F-1",
                         "-1F0",
                         "0F1.",
                         "0F1.x",
                         "0F1x",
                         "0F 1",
                         "0SENDF0",
                         "0STEP3",
                         "0REDUCE_GRAD0",
                         "0RECV_F",
                         "0F1.2.3",
                         "(0F0;1B0)",
                         "(0F0;1SEND_F0)OVERLAP_F_B",
                         "()OVERLAP_F_B",
                         "0WAIT_SEND_F0x",
                         "0UNSHARD",
                         "3RESHARD",
                         "99999999999F0",
                         "0F1000001",
                         "0.1F0",
                         "0W",
                         "0F99999999999999999999999999999999999"};
  for (const std::string slip : slips) {
    try {
      read_cells("0F0,0F1\n1F0,," + slip + ",1B0\n", "my.csv");
      ADD_FAILURE() << slip << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_THAT(error.what(),
                  testing::StartsWith("my.csv: row 2, column 3: '" + slip + "' is not an action"));
    }
  }
}

}  // namespace
}  // namespace heddle::schedule
