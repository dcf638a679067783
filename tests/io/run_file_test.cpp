// Run files: what is written is read back, also by Python and also after the writer was killed.
#include "heddle/io/run_file.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "../support/expect_error.hpp"
#include "../support/temporary_folder.hpp"
#include "example_run.hpp"

namespace heddle::io {
namespace {

using tests::expect_error;

TEST(RunFile, KeepsItsHeader) {
  const tests::TemporaryFolder folder;
  const auto header = example_header();
  RunFile file(folder / "runs/example/run.h5", header);
  const auto read = read_run_header(file.path());
  EXPECT_EQ(read.deck_given, header.deck_given);
  EXPECT_EQ(read.overrides, header.overrides);
  EXPECT_EQ(read.deck_resolved, header.deck_resolved);
  EXPECT_EQ(read.hosts, header.hosts);
  EXPECT_EQ(read.grid, header.grid);
  EXPECT_EQ(read.vocabulary, header.vocabulary);
  EXPECT_EQ(read.parameters, header.parameters);
  EXPECT_EQ(read.flops_per_step, header.flops_per_step);
  EXPECT_EQ(read.messages, header.messages);
  EXPECT_EQ(read.actions, header.actions);
  EXPECT_EQ(read.memory, header.memory);
  EXPECT_EQ(read.device_memory, header.device_memory);
}

TEST(RunFile, EmptyHeaderIsAHeaderToo) {
  const tests::TemporaryFolder folder;
  RunFile file(folder / "run.h5", {});
  const auto read = read_run_header(file.path());
  EXPECT_TRUE(read.deck_given.empty() && read.overrides.empty() && read.actions.empty() &&
              read.memory.empty() && read.device_memory.empty());
}

TEST(RunFile, AppendsRows) {
  const tests::TemporaryFolder folder;
  const auto path = folder / "run.h5";
  write_example_run(path, 50, 7);
  const auto steps = read_steps(path);
  ASSERT_EQ(steps.size(), 50u);
  for (int i = 0; i < 50; ++i) {
    const auto expected = example_step(i + 1);
    EXPECT_EQ(steps[i].step, i + 1);
    EXPECT_EQ(steps[i].loss, expected.loss);
    EXPECT_EQ(std::isnan(steps[i].validation_loss), std::isnan(expected.validation_loss));
    EXPECT_EQ(steps[i].gradient_norm, expected.gradient_norm);
    EXPECT_EQ(steps[i].tokens, expected.tokens);
  }
  for (int rank = 0; rank < 4; ++rank) {
    std::vector<EventRow> expected;
    for (int step = 1; step <= 50; ++step)
      for (const auto& row : example_events(step, rank)) expected.push_back(row);
    const auto events = read_events(path, rank);
    ASSERT_EQ(events.size(), expected.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
      EXPECT_EQ(events[i].step, expected[i].step);
      EXPECT_EQ(events[i].event, expected[i].event) << i;
    }
  }
  EXPECT_TRUE(read_events(path, 99).empty());
}

TEST(RunFile, WrongFilesAreRefused) {
  const tests::TemporaryFolder folder;
  expect_error(ExitCode::usage, {"no such file"}, [&] { read_run_header(folder / "none.h5"); });
  expect_error(ExitCode::usage, {"text.h5", "cannot open"},
               [&] { read_steps(folder.file("text.h5", "hello")); });
  const auto blocked = folder.file("file", "");
  expect_error(ExitCode::usage, {"cannot make"}, [&] { RunFile(blocked + "/deeper/run.h5", {}); });
}

/// Makes the run file that the tests of analysis/ look at, in the folder that CTest names; skipped otherwise.
TEST(RunFile, ExampleForAnalysis) {
  const char* path = std::getenv("HEDDLE_EXAMPLE_RUN");
  if (!path) GTEST_SKIP() << "HEDDLE_EXAMPLE_RUN names no file";
  write_example_run(path, 200, 20);
  EXPECT_EQ(read_steps(path).size(), 200u);
}

}  // namespace
}  // namespace heddle::io
