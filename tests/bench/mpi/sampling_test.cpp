// A time is that of the work, on a lane that does it late too, and a short call is timed with many others.
#include "../../../src/bench/sampling.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "support/late_stream.hpp"
#include "support/mpi_world.hpp"

namespace heddle::bench {
namespace {

using tests::world;

TEST(Sampling, TheLanesWorkIsPartOfTheTime) {
  const lanes::Lane late(std::make_shared<tests::LateStream>());
  const std::chrono::milliseconds work(5);
  const double seconds =
      seconds_in_a_row(world().all(), late, [&] { late.run([work] { std::this_thread::sleep_for(work); }); });
  EXPECT_GE(seconds, std::chrono::duration<double>(work).count());
}

TEST(Sampling, AShortCallIsTimedTogetherWithOthers) {
  int calls = 0;
  const double seconds = seconds_in_a_row(world().all(), lanes::Lane(), [&] { ++calls; });
  EXPECT_GT(seconds, 0);
  EXPECT_GT(calls, 10 * 200);  // more than ten a sample, of which there are 200 at most
}

TEST(Sampling, ALongCallIsASampleByItself) {
  int calls = 0;
  const std::chrono::milliseconds work(40);
  const double seconds = seconds_in_a_row(world().all(), lanes::Lane(), [&] {
    ++calls;
    std::this_thread::sleep_for(work);
  });
  EXPECT_GE(seconds, std::chrono::duration<double>(work).count());
  EXPECT_LE(calls, 2 + 7);  // two to find how many, and a quarter of a second of samples
}

TEST(Sampling, AllRanksMakeAsManyCallsAlthoughOneIsSlower) {
  double calls = 0;
  seconds_in_a_row(world().all(), lanes::Lane(), [&] {
    ++calls;
    if (world().rank() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  });
  EXPECT_LE(calls, 2 + 25);
}

TEST(Sampling, TheMedianStandsInTheMiddle) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
}

}  // namespace
}  // namespace heddle::bench
