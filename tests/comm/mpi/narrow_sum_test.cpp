// A sum that is sent as bf16: what is rounded, in which order it is added, and several of them at once.
#include <gtest/gtest.h>

#include <algorithm>

#include "heddle/comm/collectives.hpp"
#include "support/mpi_world.hpp"
#include "support/taylor.hpp"

namespace heddle::tests {
namespace {

std::vector<float> numbers(int rank, std::int64_t count) {
  std::vector<float> all;
  for (double x : heddle::testing::random_vector(count, static_cast<std::uint64_t>(rank) + 1))
    all.push_back(static_cast<float>(x) * static_cast<float>(1 + rank % 3 * 100));
  return all;
}

float rounded(float x) { return BFloat16(x); }

/// In the order of the ranks, in fp32.
std::vector<float> expected_sum(std::int64_t count) {
  std::vector<float> sum(static_cast<std::size_t>(count), 0.0f);
  for (int rank = 0; rank < world().size(); ++rank) {
    const std::vector<float> terms = numbers(rank, count);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += rounded(terms[i]);
  }
  for (float& x : sum) x = rounded(x);
  return sum;
}

Tensor view(std::vector<float>& values) {
  return {values.data(), DType::f32, {static_cast<std::int64_t>(values.size())}};
}

TEST(NarrowSum, RoundsWhatIsSentAndWhatItSumsTo) {
  for (std::int64_t count : {0, 1, 2, 7, 8, 1001}) {
    std::vector<float> sums = numbers(world().rank(), count);
    comm::Request request = start_sum(world().all(), view(sums), DType::bf16, {});
    comm::wait(request, {"a sum"});
    EXPECT_EQ(sums, expected_sum(count)) << count;
  }
}

/// Ranks look after them in different orders, so that their second phases begin in different orders.
TEST(NarrowSum, SeveralPassEachOther) {
  for (int turn = 0; turn < 3; ++turn) {
    std::vector<std::vector<float>> sums;
    std::vector<comm::Request> requests;
    for (std::int64_t count : {1000, 10, 1000, 100'000, 1}) sums.push_back(numbers(world().rank(), count));
    for (std::vector<float>& one : sums)
      requests.push_back(start_sum(world().all(), view(one), DType::bf16, {}));
    std::vector<std::size_t> order = {0, 1, 2, 3, 4};
    if (world().rank() % 2) std::ranges::reverse(order);
    comm::Wait wait(world().watchdog(), {"sums"});
    for (bool all = false; !all; wait.idle()) {
      all = true;
      for (std::size_t i : order) all = requests[i].test() && all;
    }
    for (const std::vector<float>& one : sums)
      EXPECT_EQ(one, expected_sum(static_cast<std::int64_t>(one.size())));
  }
}

TEST(NarrowSum, OfFp32SentAsFp32IsAnAllReduce) {
  std::vector<float> sums = numbers(world().rank(), 100), same = sums;
  comm::Request one = start_sum(world().all(), view(sums), DType::f32, {});
  comm::Request other = start_all_reduce(world().all(), comm::Reduction::sum, view(same), view(same), {});
  comm::wait(one, {"a sum"});
  comm::wait(other, {"a sum"});
  EXPECT_EQ(sums, same);
}

}  // namespace
}  // namespace heddle::tests
