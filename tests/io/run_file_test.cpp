// Run files: what is written is read back, also by Python and also after the writer was killed.
#include "heddle/io/run_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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
  EXPECT_EQ(read.run, header.run);
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
}

void expect_rows(const std::vector<EventRow>& found, const std::vector<EventRow>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].step, expected[i].step);
    EXPECT_EQ(found[i].event, expected[i].event) << i;
  }
}

TEST(RunFile, EventsOfSomeStepsAreReadAlone) {
  const tests::TemporaryFolder folder;
  write_example_run(folder / "run.h5", 50, 7);
  const StoredEvents events(folder / "run.h5");
  ASSERT_EQ(events.ranks(), 4);
  for (const auto& [first, last] : {std::pair{1, 50}, {1, 1}, {17, 23}, {50, 80}, {60, 80}})
    for (int rank = 0; rank < 4; ++rank) {
      std::vector<EventRow> expected;
      for (int step = first; step <= std::min(last, 50); ++step)
        for (const auto& row : example_events(step, rank)) expected.push_back(row);
      expect_rows(events.of(rank, first, last), expected);
    }
  EXPECT_TRUE(events.of(99, 1, 50).empty());
  EXPECT_EQ(events.from(0), 1);
  EXPECT_EQ(events.from(17), 17);
  EXPECT_EQ(events.from(51), std::nullopt);
  EXPECT_EQ(events.before(17), 16);
  EXPECT_EQ(events.before(1), std::nullopt);
}

/// In any order of flushes.
TEST(RunFile, TimesAreThoseOfAllSteps) {
  const tests::TemporaryFolder folder;
  const auto times = [&](const char* name, int flush_every) {
    write_example_run(folder / name, 50, flush_every);
    return std::pair(read_action_times(folder / name), read_step_times(folder / name));
  };
  const auto [actions, steps] = times("run.h5", 7);
  ASSERT_EQ(actions.size(), 4u * schedule::action_kind_count);
  for (const ActionTime& time : actions) {
    std::int64_t count = 0;
    double seconds = 0;
    for (const EventRow& row : example_events(1, static_cast<int>(time.rank)))
      if (row.event.action.kind == time.kind) ++count, seconds += row.event.end - row.event.begin;
    EXPECT_EQ(time.actions, 50 * count);
    EXPECT_NEAR(time.seconds, 50 * seconds, 1e-9);
  }
  EXPECT_EQ(steps.steps, 50);
  EXPECT_NEAR(steps.seconds, 50 * 0.099, 1e-9) << "from the first action of any rank to the last of any";
  EXPECT_EQ(times("seldom.h5", 50), std::pair(actions, steps));
}

/// Files of the first schema, which a run of the program wrote that had it.
TEST(RunFile, OfTheFirstSchemaIsRead) {
  const std::string path = std::string(HEDDLE_SOURCE_DIR) + "/tests/io/data/run_schema_1.h5";
  const RunHeader header = read_run_header(path);
  EXPECT_EQ(header.run, "");
  EXPECT_EQ(header.grid, maps::Grid({1, 2, 1}));
  EXPECT_EQ(header.hosts.size(), 2u);
  EXPECT_EQ(header.actions.size(), 2u);
  EXPECT_GT(header.vocabulary.size, 0);
  ASSERT_EQ(read_steps(path).size(), 3u);
  EXPECT_EQ(read_steps(path).back().step, 3);
  const StoredEvents events(path);
  EXPECT_EQ(events.before(100), 3);
  EXPECT_FALSE(events.of(1, 2, 2).empty());
  EXPECT_TRUE(read_action_times(path).empty());
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
