// Rows, communication and steps as torch.distributed.pipelining has them: tests/schedule/torch/,
// written by it.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/generate.hpp"
#include "heddle/schedule/text.hpp"

namespace heddle::schedule {
namespace {

const std::string folder = HEDDLE_SOURCE_DIR "/tests/schedule/torch/";

std::string contents(const std::string& name) {
  std::ifstream stream(folder + name);
  EXPECT_TRUE(stream) << name;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

struct Case {
  Request request;
  std::size_t steps = 0;
  Cells cells;
  std::string communication;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  std::istringstream index(contents("index.txt"));
  Case one;
  while (index >> one.request.name >> one.request.ranks >> one.request.chunks >> one.request.microbatches >>
         one.steps) {
    std::ostringstream file;
    file << one.request.name << '_' << one.request.ranks << '_' << one.request.chunks << '_'
         << one.request.microbatches;
    one.cells = read_cells(contents(file.str() + ".csv"));
    one.communication = contents(file.str() + "_communication.csv");
    all.push_back(one);
  }
  EXPECT_EQ(all.size(), 7u);
  return all;
}

TEST(Torch, GeneratesTheSameRows) {
  for (const Case& one : cases())
    EXPECT_EQ(schedule_of(one.cells), generate(one.request)) << one.request.name;
}

TEST(Torch, PlacesTheSameSendsAndReceives) {
  for (const Case& one : cases())
    EXPECT_EQ(write(add_communication(one.cells, schedule_of(one.cells).rank_of_stage, Receives::as_sent)),
              one.communication)
        << one.request.name;
}

TEST(Torch, CountsTheSameLockStepSteps) {
  for (const Case& one : cases()) {
    std::size_t steps = 0;
    for (const auto& row : lock_step_with_communication(read_schedule(one.communication)))
      steps = std::max(steps, row.size());
    EXPECT_EQ(steps, one.steps) << one.request.name;
  }
}

TEST(Torch, TwoRanksTakeElevenSteps) {
  const Cells cells =
      lock_step_with_communication(read_schedule("0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n"
                                                 "1RECV_F0,1RECV_F1,1F0,1B0,1SEND_B0,1F1,1B1,1SEND_B1\n"));
  EXPECT_EQ(write(cells),
            "0F0,0SEND_F0,0F1,0SEND_F1,,,0RECV_B0,0B0,,0RECV_B1,0B1\n"
            ",1RECV_F0,,1RECV_F1,1F0,1B0,1SEND_B0,1F1,1B1,1SEND_B1\n");
}

}  // namespace
}  // namespace heddle::schedule
