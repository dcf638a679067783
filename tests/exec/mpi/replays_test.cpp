// Work with a key is carried out, then recorded, then replayed.
#include "heddle/exec/replays.hpp"

#include <gtest/gtest.h>

#include "support/late_stream.hpp"

namespace heddle::tests {
namespace {

/// Adds `term` to a number on a late lane.
class Replaying : public testing::Test {
 protected:
  void run(std::uint64_t key, int term, int nodes = exec::least_replayed) {
    replays_.run({key}, nodes, [&] {
      ++calls_;
      lane_.run([sum = sum_, term] { *sum += term; });
    });
  }
  int sum() const {
    lane_.fence("a test");
    return *sum_;
  }

  std::shared_ptr<LateStream> stream_ = std::make_shared<LateStream>();
  lanes::Lane lane_{stream_};
  exec::Replays replays_{lane_};
  std::shared_ptr<int> sum_ = std::make_shared<int>(0);
  int calls_ = 0;
};

TEST_F(Replaying, TakesTheArgumentsThatWereRecorded) {
  run(1, 1);
  EXPECT_EQ(sum(), 1);
  run(1, 10);
  EXPECT_EQ(sum(), 11) << "what is recorded is done too";
  run(1, 100);
  run(1, 100);
  EXPECT_EQ(sum(), 31) << "the work is not asked again";
  EXPECT_EQ(calls_, 2);
  EXPECT_EQ(replays_.count().recordings, 1);
  EXPECT_EQ(replays_.count().launches, 3);
  EXPECT_EQ(replays_.count().nodes, 4 * exec::least_replayed);
  EXPECT_EQ(replays_.count().replayed, 3 * exec::least_replayed);
}

TEST_F(Replaying, TellsWorkByItsKey) {
  for (int time = 0; time < 3; ++time) {
    run(1, 1);
    run(2, 10);
  }
  EXPECT_EQ(sum(), 33);
  EXPECT_EQ(replays_.count().recordings, 2);
}

TEST_F(Replaying, IsNotForOneNode) {
  for (int time = 0; time < 4; ++time) run(1, 1, exec::least_replayed - 1);
  EXPECT_EQ(sum(), 4);
  EXPECT_EQ(calls_, 4);
  EXPECT_EQ(replays_.count().recordings, 0);
}

TEST_F(Replaying, GoesOnWithoutWhereTheLaneRefuses) {
  stream_->keep_at_most(0);
  for (int time = 0; time < 4; ++time) run(1, 1);
  EXPECT_EQ(sum(), 4);
  EXPECT_EQ(replays_.count().refused, "no memory is left");
  stream_->keep_at_most(10);
  run(1, 1);
  EXPECT_EQ(replays_.count().recordings, 0) << "it is not tried again";
}

/// On a device these would fail, or be done once instead of each time.
TEST_F(Replaying, RefusesWhatADeviceCannotRecord) {
  std::vector<std::function<void()>> forbidden = {
      [&] { lane_.mark("a test"); }, [&] { lane_.moment(); }, [&] { stream_->allocate(8); },
      [&] { stream_->copy_from_host(sum_.get(), sum_.get(), sizeof(int)); },
      [&] { stream_->copy_to_host(sum_.get(), sum_.get(), sizeof(int)); }};
  for (const auto& work : forbidden) {
    const lanes::Recorded recorded = lane_.record(work);
    EXPECT_FALSE(recorded.replay);
    EXPECT_NE(recorded.refused.find("while work is recorded"), std::string::npos) << recorded.refused;
  }
  run(1, 1);
  EXPECT_EQ(sum(), 1) << "the lane goes on";
}

}  // namespace
}  // namespace heddle::tests
