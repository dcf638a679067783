// Messages through memory that ranks reach in each other, on the double of a device: sums to the last bit, messages of all sizes at
// once, and a rank that fails.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "heddle/comm/mpi_handle.hpp"
#include "local_tensors.hpp"
#include "support/late_stream.hpp"
#include "support/peer_double.hpp"

namespace heddle::comm::tests {
namespace {

using heddle::tests::LateStream, heddle::tests::PeerDouble, heddle::tests::PeerMemoryDouble;
using Message = DeviceMessages::Message;
using std::chrono::steady_clock;

class PeerMessagesTest : public testing::TestWithParam<PeerMemoryDouble::Queues> {
 protected:
  static constexpr std::int64_t inbox = 8 << 10;

  std::unique_ptr<DeviceMessages::Group> join() {
    DeviceMessages::Id id{};
    if (rank() == 0) id = messages_.new_id();
    MPI_Bcast(id.data(), static_cast<int>(id.size()), MPI_BYTE, 0, mpi_handle(world().all()));
    return messages_.join(id, size(), rank());
  }
  static int rank() { return world().rank(); }
  static int size() { return world().size(); }

  /// Numbers on the lane: of rank `of`, of its message `number`.
  static std::vector<float> numbers(int of, std::int64_t count, int number = 0) {
    std::vector<float> all(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = static_cast<float>(
          normal_at(static_cast<std::uint64_t>(of), static_cast<std::uint64_t>(number), i));
    return all;
  }
  Tensor tensor(const std::vector<float>& values) {
    const auto count = static_cast<std::int64_t>(values.size());
    const Tensor there = tensor(count);
    lane_.copy_from_host(std::as_bytes(std::span(values)), there);
    return there;
  }
  Tensor tensor(std::int64_t count) {
    const lanes::Memory& memory = memory_.emplace_back(count * std::int64_t{sizeof(float)}, lane_);
    return {memory.data(), DType::f32, {count}};
  }
  /// What lies there once all is done that has been enqueued on the group's lane.
  std::vector<float> found(const DeviceMessages::Group& group, const Tensor& there) {
    return found(group.lane().mark("a call"), there);
  }
  std::vector<float> found(const lanes::Mark& end, const Tensor& there) {
    while (!end.passed()) messages_.look_after();
    std::vector<float> values(static_cast<std::size_t>(there.count()));
    lane_.copy_to_host(there, std::as_writable_bytes(std::span(values)));
    return values;
  }
  /// Added up in the order of the ranks.
  static std::vector<float> sum_of_all(std::int64_t count) {
    std::vector<float> sums = numbers(0, count);
    for (int other = 1; other < size(); ++other) {
      const std::vector<float> terms = numbers(other, count);
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += terms[i];
    }
    return sums;
  }

  lanes::Lane lane_{std::make_shared<LateStream>()};
  PeerDouble messages_{std::make_shared<PeerMemoryDouble>(lane_, GetParam()), inbox};
  std::vector<lanes::Memory> memory_;
};

std::string name_of(const testing::TestParamInfo<PeerMemoryDouble::Queues>& one) {
  return one.param == PeerMemoryDouble::Queues::many ? "many_queues" : "one_queue";
}
INSTANTIATE_TEST_SUITE_P(Queues, PeerMessagesTest,
                         testing::Values(PeerMemoryDouble::Queues::many, PeerMemoryDouble::Queues::one),
                         name_of);

/// Fewer numbers than ranks, one slice, and many.
constexpr std::array<std::int64_t, 6> counts = {1, 3, 64, 1000, 1024, 20'011};

TEST_P(PeerMessagesTest, SumsHaveTheBitsOfTheRanksInTheirOrder) {
  const auto group = join();
  for (const std::int64_t count : counts) {
    const Tensor mine = tensor(numbers(rank(), count)), sums = tensor(count);
    group->lane().await(lane_.mark("numbers"));
    group->all_reduce(mine, sums);
    EXPECT_EQ(found(*group, mine), numbers(rank(), count));
    EXPECT_EQ(found(*group, sums), sum_of_all(count)) << count;
    group->all_reduce(mine, mine);
    EXPECT_EQ(found(*group, mine), sum_of_all(count)) << count;
  }
}

TEST_P(PeerMessagesTest, ARootGetsTheSumAndGivesWhatItHas) {
  const auto group = join();
  for (const std::int64_t count : counts) {
    const int root = static_cast<int>(count) % size();
    const Tensor mine = tensor(numbers(rank(), count));
    group->lane().await(lane_.mark("numbers"));
    group->reduce(mine, root);
    EXPECT_EQ(found(*group, mine), rank() == root ? sum_of_all(count) : numbers(rank(), count)) << count;
    group->broadcast(mine, root);
    EXPECT_EQ(found(*group, mine), sum_of_all(count)) << count;
  }
}

/// As many numbers as the message has that `from` sends `to` as its `number`th: none, a few, or many slices.
std::int64_t length(int from, int to, int number) { return (from * 7 + to * 3 + number) % 5 * 1777 * number; }

TEST_P(PeerMessagesTest, AllSendAllAtOnceInSlicesAndInOrder) {
  const auto group = join();
  std::vector<Message> sends, receives;
  for (int number = 0; number < 3; ++number)
    for (int other = 0; other < size(); ++other) {
      sends.push_back({other, tensor(numbers(rank() * 10 + other, length(rank(), other, number), number))});
      receives.push_back({other, tensor(length(other, rank(), number))});
    }
  group->lane().await(lane_.mark("numbers"));
  group->exchange(sends, receives);
  std::size_t next = 0;
  for (int number = 0; number < 3; ++number)
    for (int other = 0; other < size(); ++other, ++next)
      EXPECT_EQ(found(*group, receives[next].tensor),
                numbers(other * 10 + rank(), length(other, rank(), number), number));
}

TEST_P(PeerMessagesTest, GroupsDoNotMeet) {
  const auto one = join(), other = join();
  const Tensor a = tensor(numbers(rank(), 5000)), b = tensor(numbers(rank(), 3000));
  for (const auto* group : {one.get(), other.get()}) group->lane().await(lane_.mark("numbers"));
  for (int times = 0; times < 3; ++times) {
    one->broadcast(a, times % size());
    other->all_reduce(b, b);
  }
  EXPECT_EQ(found(*one, a), numbers(0, 5000));
  const std::vector<float> sums = found(*other, b);
  const auto factor = static_cast<float>(size() * size());
  EXPECT_NEAR(sums[17], factor * sum_of_all(3000)[17], 1e-4 * factor * size());
}

/// The others wait for a call that the last rank does not make; what all have called before is whole.
TEST_P(PeerMessagesTest, WhoGivesUpDisturbsNobodyAndWaitsForNobody) {
  if (size() == 1) GTEST_SKIP() << "nobody to wait for";
  {
    const auto group = join();
    const Tensor mine = tensor(numbers(rank(), 20'011)), more = tensor(numbers(rank(), 100));
    group->lane().await(lane_.mark("numbers"));
    group->all_reduce(mine, mine);
    const lanes::Mark first = group->lane().mark("the first call");
    if (rank() == size() - 1) {
      messages_.give_up();
      EXPECT_TRUE(group->lane().mark("all").passed());
    } else {
      group->all_reduce(more, more);
    }
    EXPECT_EQ(found(first, mine), sum_of_all(20'011));
    MPI_Barrier(mpi_handle(world().all()));
    const auto begin = steady_clock::now();
    messages_.give_up();
    group->all_reduce(mine, mine);
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10));
  }
  lane_.fence("what is left");
}

}  // namespace
}  // namespace heddle::comm::tests
