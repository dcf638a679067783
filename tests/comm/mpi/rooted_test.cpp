// A sum that comes to one rank and what one rank says to all are each other's adjoint.
#include <gtest/gtest.h>

#include "heddle/comm/collectives.hpp"
#include "local_tensors.hpp"

namespace heddle::comm::tests {
namespace {

constexpr int length = 7;

/// Small integers, whose sums are exact.
maps::LocalTensor numbers(int rank, std::uint64_t key) {
  return draw({length}, Numbers::small_integers, key, static_cast<std::uint64_t>(rank));
}

TEST(Rooted, TheSumComesToTheRootAndItsValueToAll) {
  const Communicator ranks = everybody();
  const int me = world().rank();
  for (int root = 0; root < world().size(); ++root) {
    maps::LocalTensor expected({length});
    for (int rank = 0; rank < world().size(); ++rank)
      for (std::size_t i = 0; i < length; ++i) expected.values[i] += numbers(rank, 1).values[i];
    const Owned sum(DType::f64, numbers(me, 1));
    complete(start_reduce(ranks, root, sum.view(), lane()), "a sum");
    EXPECT_EQ(sum.values(), me == root ? expected : numbers(me, 1));

    const Owned value(DType::f64, numbers(me, 2));
    complete(start_broadcast(ranks, root, value.view(), lane()), "a broadcast");
    EXPECT_EQ(value.values(), numbers(root, 2));

    // <broadcast x, y> = <x, reduce y>, where x and its cotangent live on the root alone.
    const maps::LocalTensor nothing({length});
    EXPECT_EQ(dot(value.values(), numbers(me, 1)),
              dot(me == root ? numbers(me, 2) : nothing, me == root ? sum.values() : nothing));
  }
}

}  // namespace
}  // namespace heddle::comm::tests
