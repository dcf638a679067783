// Ranks agree on how a run ends, whoever fails.
#include "heddle/comm/world.hpp"

#include <gtest/gtest.h>

#include <map>

#include "heddle/comm/collectives.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/comm/point_to_point.hpp"
#include "local_tensors.hpp"

namespace heddle::comm::tests {
namespace {

TEST(World, knows_every_host) {
  EXPECT_EQ(static_cast<int>(world().hosts().size()), world().size());
  EXPECT_FALSE(world().hosts().back().empty());
}

TEST(World, counts_the_ranks_of_a_host) {
  std::map<std::string, std::vector<int>> numbers;  // of each host's ranks, in their order
  const auto all = gather(world().all(), std::to_string(world().rank_on_host()), Receivers::all, "numbers");
  for (std::size_t rank = 0; rank < all.size(); ++rank)
    numbers[world().hosts()[rank]].push_back(std::stoi(all[rank]));
  for (const auto& [host, of_its_ranks] : numbers)
    for (std::size_t i = 0; i < of_its_ranks.size(); ++i)
      EXPECT_EQ(of_its_ranks[i], static_cast<int>(i)) << host;
}

TEST(World, agrees_on_the_worst_code) {
  EXPECT_EQ(world().agree(ExitCode::done), ExitCode::done);
  const bool last = world().rank() == world().size() - 1;
  testing::internal::CaptureStderr();
  const ExitCode agreed = world().agree(last                  ? ExitCode::numbers
                                        : world().rank() == 0 ? ExitCode::usage
                                                              : ExitCode::done,
                                        last ? "the loss is not a number" : "some other message");
  const std::string printed = testing::internal::GetCapturedStderr();
  EXPECT_EQ(agreed, ExitCode::numbers);
  EXPECT_EQ(printed, world().rank() == 0 ? "the loss is not a number\n" : "");
}

TEST(World, a_rank_that_fails_ends_the_waits_of_all_others) {
  const int failing = world().size() - 1;
  // Waits for the lane hear of failures, and so does a barrier: a slow rank would hear of the next one before it is in `run`.
  const Owned tensor(DType::f64, Shape{4});
  EXPECT_EQ(world().agree(ExitCode::done), ExitCode::done);
  for (int round = 0; round < 3; ++round) {
    testing::internal::CaptureStderr();
    bool waited = false;
    const ExitCode code = world().run([&] {
      if (world().rank() == failing) throw Error(ExitCode::usage, "only I have seen it");
      Request request = start_receive(world().all(), failing, 8, tensor.view(), lane());
      waited = true;
      wait(request, {"what never comes", failing});
    });
    const std::string printed = testing::internal::GetCapturedStderr();
    EXPECT_EQ(code, ExitCode::usage);
    EXPECT_EQ(waited, world().rank() != failing);
    EXPECT_EQ(printed, world().rank() == 0 ? "only I have seen it\n" : "");
  }
  barrier(world().all(), "the end of the test");
}

/// Its note may be read before that of another rank's failure, about which all have agreed before. The rank that fails first is the one
/// whose notes were read last: where Open MPI finds several, MPI_Iprobe goes round the ranks.
TEST(World, a_failure_is_heard_though_a_note_of_one_before_comes_behind_it) {
  if (world().size() < 3) GTEST_SKIP() << "two ranks fail, and another hears of both";
  const Owned tensor(DType::f64, Shape{4});
  EXPECT_EQ(world().agree(ExitCode::done), ExitCode::done);
  for (int round = 0; round < 2 * world().size(); ++round) {
    const int first = round % world().size(), second = (round + 1) % world().size();
    testing::internal::CaptureStderr();
    const ExitCode agreed = world().run([&] {
      if (world().rank() == first) throw Error(ExitCode::usage, "the others have no need to hear of it");
    });
    const ExitCode then = world().run([&] {
      if (world().rank() == second) throw Error(ExitCode::numbers, "they wait for it");
      Request request = start_receive(world().all(), second, 8, tensor.view(), lane());
      wait(request, {"what never comes", second});
    });
    testing::internal::GetCapturedStderr();
    EXPECT_EQ(agreed, ExitCode::usage);
    EXPECT_EQ(then, ExitCode::numbers);
  }
  barrier(world().all(), "the end of the test");
}

}  // namespace
}  // namespace heddle::comm::tests
