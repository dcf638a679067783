// A sum that is sent as bf16: what is rounded, in which order it is added, and several of them at once.
#include <gtest/gtest.h>

#include <algorithm>

#include "heddle/comm/collectives.hpp"
#include "local_tensors.hpp"

namespace heddle::comm::tests {
namespace {

maps::LocalTensor numbers(int rank, std::int64_t count) {
  maps::LocalTensor all = draw({count}, Numbers::reals, 1, static_cast<std::uint64_t>(rank));
  for (double& x : all.values) x = static_cast<float>(x) * static_cast<float>(1 + rank % 3 * 100);
  return all;
}

float rounded(double x) { return BFloat16(static_cast<float>(x)); }

/// In the order of the ranks, in fp32.
maps::LocalTensor expected_sum(std::int64_t count) {
  maps::LocalTensor sum({count});
  for (int rank = 0; rank < world().size(); ++rank) {
    const maps::LocalTensor terms = numbers(rank, count);
    for (std::size_t i = 0; i < sum.values.size(); ++i)
      sum.values[i] = static_cast<float>(sum.values[i]) + rounded(terms.values[i]);
  }
  for (double& x : sum.values) x = rounded(x);
  return sum;
}

TEST(NarrowSum, RoundsWhatIsSentAndWhatItSumsTo) {
  const Communicator ranks = everybody();
  for (std::int64_t count : {0, 1, 2, 7, 8, 1001}) {
    const Owned sums(DType::f32, numbers(world().rank(), count));
    complete(start_sum(ranks, sums.view(), DType::bf16, lane()), "a sum");
    EXPECT_EQ(sums.values(), expected_sum(count)) << count;
  }
}

/// Ranks look after them in different orders, so that their second phases begin in different orders.
TEST(NarrowSum, SeveralPassEachOther) {
  const Communicator ranks = everybody();
  for (int turn = 0; turn < 3; ++turn) {
    std::vector<std::unique_ptr<Owned>> sums;
    std::vector<Request> requests;
    for (std::int64_t count : {1000, 10, 1000, 100'000, 1})
      sums.push_back(std::make_unique<Owned>(DType::f32, numbers(world().rank(), count)));
    for (const auto& one : sums) requests.push_back(start_sum(ranks, one->view(), DType::bf16, lane()));
    std::vector<std::size_t> order = {0, 1, 2, 3, 4};
    if (world().rank() % 2) std::ranges::reverse(order);
    Wait wait(world().watchdog(), {"sums"});
    for (bool all = false; !all; wait.idle()) {
      all = true;
      for (std::size_t i : order) all = requests[i].test() && all;
    }
    for (const auto& one : sums) EXPECT_EQ(one->values(), expected_sum(one->view().count()));
  }
}

TEST(NarrowSum, OfFp32SentAsFp32IsAnAllReduce) {
  const Communicator ranks = everybody();
  const maps::LocalTensor terms = numbers(world().rank(), 100);
  const Owned sums(DType::f32, terms), same(DType::f32, terms);
  complete(start_sum(ranks, sums.view(), DType::f32, lane()), "a sum");
  complete(start_all_reduce(ranks, Reduction::sum, same.view(), same.view(), lane()), "a sum");
  EXPECT_EQ(sums.bytes(), same.bytes());
}

}  // namespace
}  // namespace heddle::comm::tests
