// A run's file goes on when its run does.
#include <gtest/gtest.h>

#include "../support/expect_error.hpp"
#include "../support/temporary_folder.hpp"
#include "example_run.hpp"

namespace heddle::io {
namespace {

RunHeader second_leg(std::int64_t steps_before) {
  RunHeader header = example_header();
  header.steps_before = steps_before;
  header.from = "checkpoints/step.h5";
  header.grid = maps::Grid(maps::AxisExtents{});
  return header;
}

TEST(Legs, StepsThatAreDoneAnewAreReplaced) {
  const tests::TemporaryFolder folder;
  const std::string path = folder / "run.h5";
  write_example_run(path, 50, 7);
  RunFile file = RunFile::go_on(path, second_leg(30));
  EXPECT_EQ(read_steps(path).size(), 30u);
  EXPECT_EQ(file.seconds_before(), example_step(30).seconds);
  StepRow again = example_step(31);
  again.loss = 0.5;
  file.add(again);
  file.finish();
  const auto steps = read_steps(path);
  ASSERT_EQ(steps.size(), 31u);
  EXPECT_EQ(steps[29].loss, example_step(30).loss);
  EXPECT_EQ(steps[30].loss, 0.5);
}

TEST(Legs, TheNewestIsRead) {
  const tests::TemporaryFolder folder;
  const std::string path = folder / "run.h5";
  write_example_run(path, 10, 3);
  EXPECT_TRUE(read_run_header(path).finished);
  RunFile file = RunFile::go_on(path, second_leg(5));
  const RunHeader header = read_run_header(path);
  EXPECT_FALSE(header.finished);
  EXPECT_EQ(header.steps_before, 5);
  EXPECT_EQ(header.from, "checkpoints/step.h5");
  EXPECT_EQ(header.grid.size(), 1);
  EXPECT_EQ(StoredEvents(path).ranks(), 1);
  EXPECT_TRUE(StoredEvents(path).of(0, 0, 100).empty()) << "of the leg before";
}

TEST(Legs, EventsOfAllCountForTheBound) {
  const tests::TemporaryFolder folder;
  const std::string path = folder / "run.h5";
  write_example_run(path, 10, 10);
  std::int64_t rows = 0;
  for (int rank = 0; rank < example_header().grid.size(); ++rank)
    rows += std::ssize(StoredEvents(path).of(rank, 0, 100));
  RunFile file = RunFile::go_on(path, second_leg(5), {.bytes = rows * 31, .steps = 10});
  file.add(std::vector<std::vector<EventRow>>{example_events(6).front()});
  file.flush();
  EXPECT_TRUE(StoredEvents(path).of(0, 0, 100).empty());
}

TEST(Legs, AnotherRunsFileDoesNotGoOn) {
  const tests::TemporaryFolder folder;
  const std::string path = folder / "run.h5";
  write_example_run(path, 10, 3);
  RunHeader other = second_leg(5);
  other.run = "ffffffffffffffff";
  tests::expect_error(ExitCode::usage, {path, "another run"}, [&] { RunFile::go_on(path, other); });
  EXPECT_EQ(read_steps(path).size(), 10u);
}

}  // namespace
}  // namespace heddle::io
