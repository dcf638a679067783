// Writers that are killed at any moment: the process runs itself again as a victim, and kills
// it with SIGKILL.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "../support/temporary_folder.hpp"
#include "example_run.hpp"
#include "heddle/comm/world.hpp"
#include "heddle/io/checkpoint_writer.hpp"

namespace heddle::io {
namespace {

/// Runs the disabled test `name` of this program on `path`, until `kill` milliseconds after it made
/// the file `sign`.
void run_victim(const std::string& name, const std::string& path, const std::string& sign, int kill) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("HEDDLE_VICTIM_FILE", path.c_str(), 1);
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
    const std::string filter = "--gtest_filter=Victim.DISABLED_" + name;
    ::execl("/proc/self/exe", "victim", filter.c_str(), "--gtest_also_run_disabled_tests", nullptr);
    ::_exit(127);
  }
  for (int i = 0; i < 5000 && !std::filesystem::exists(sign); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(kill));
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the victim came to its end by itself";
}

std::string victim_file() {
  const char* path = std::getenv("HEDDLE_VICTIM_FILE");
  return path ? path : "";
}

TEST(Victim, DISABLED_RunFile) {
  if (victim_file().empty()) GTEST_SKIP();
  RunFile file(victim_file(), example_header());
  for (int step = 1;; ++step) {
    file.add(example_step(step));
    file.add(example_events(step));
    file.flush();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

TEST(Victim, DISABLED_Checkpoint) {
  if (victim_file().empty()) GTEST_SKIP();
  int argc = 0;
  char** argv = nullptr;
  comm::World world(argc, argv);
  const Shape shape{8, 1 << 20};
  std::vector<float> values(static_cast<std::size_t>(shape.count()), 1.5f);
  const Shard shard{"parameters/large", shape, Shape{0, 0}, Tensor{values.data(), DType::f32, shape}};
  for (std::int64_t step = 1;; ++step)
    write_checkpoint(world.all(), victim_file(), {step, step, ""}, std::vector{shard});
}

void expect_whole(const Checkpoint& file) {
  std::vector<float> row(1 << 20);
  const Shape shape{8, 1 << 20};
  for (std::int64_t i = 0; i < 8; ++i) {
    file.read("parameters/large", shape, Shape{i, 0}, Tensor{row.data(), DType::f32, Shape{1, 1 << 20}});
    EXPECT_EQ(row.back(), 1.5f);
  }
}

TEST(KilledRun, LeavesAReadableRunFile) {
  for (int milliseconds : {5, 23, 61, 107}) {
    const tests::TemporaryFolder folder;
    const auto path = folder / "run.h5";
    run_victim("RunFile", path, path, milliseconds);
    const auto steps = read_steps(path);
    ASSERT_FALSE(read_run_header(path).actions.empty());
    for (std::size_t i = 0; i < steps.size(); ++i) EXPECT_EQ(steps[i].step, static_cast<std::int64_t>(i) + 1);
    const StoredEvents stored(path);
    for (int rank = 0; rank < 4; ++rank) {
      const auto events = stored.of(rank, 0, INT64_MAX - 1);
      const double last = events.empty() ? 0 : static_cast<double>(events.back().step);
      EXPECT_NEAR(last, static_cast<double>(steps.size()), 1);
    }
    RunHeader header = example_header();
    header.steps_before = std::ssize(steps) / 2;
    RunFile goes_on = RunFile::go_on(path, header);
    goes_on.add(example_step(static_cast<int>(header.steps_before) + 1));
    goes_on.finish();
    EXPECT_EQ(std::ssize(read_steps(path)), header.steps_before + 1);
  }
}

TEST(KilledRun, LeavesAWholeCheckpointOrNone) {
  for (int milliseconds : {1, 15, 40, 90}) {
    const tests::TemporaryFolder folder;
    const auto path = folder / "step.h5";
    run_victim("Checkpoint", path, path + ".partial", milliseconds);
    if (std::filesystem::exists(path)) {
      expect_whole(Checkpoint(path));
    } else {
      ASSERT_TRUE(std::filesystem::exists(path + ".partial"));
      try {
        expect_whole(Checkpoint(path + ".partial"));  // killed after the mark, while it was brought to disk
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("step.h5.partial: "));
      }
    }
  }
}

}  // namespace
}  // namespace heddle::io
