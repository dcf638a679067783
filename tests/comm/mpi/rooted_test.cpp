// A sum that comes to one rank and what one rank says to all are each other's adjoint.
#include <gtest/gtest.h>

#include "heddle/comm/collectives.hpp"
#include "heddle/comm/request.hpp"
#include "support/mpi_world.hpp"

namespace heddle::tests {
namespace {

constexpr int length = 7;

/// Small integers, whose sums are exact.
std::vector<double> numbers(int rank, int salt) {
  std::vector<double> all(length);
  for (int i = 0; i < length; ++i)
    all[static_cast<std::size_t>(i)] = (rank * 31 + i * 17 + salt * 7) % 23 - 11;
  return all;
}

Tensor view(std::vector<double>& values) { return {values.data(), DType::f64, {length}}; }

double dot(const std::vector<double>& x, const std::vector<double>& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return comm::all_sum(world().all(), sum, "an inner product");
}

TEST(Rooted, TheSumComesToTheRootAndItsValueToAll) {
  const int me = world().rank();
  for (int root = 0; root < world().size(); ++root) {
    std::vector<double> sum = numbers(me, 1), expected(length, 0.0);
    for (int rank = 0; rank < world().size(); ++rank)
      for (int i = 0; i < length; ++i)
        expected[static_cast<std::size_t>(i)] += numbers(rank, 1)[static_cast<std::size_t>(i)];
    comm::Request reduced = start_reduce(world().all(), root, view(sum), {});
    comm::wait(reduced, {"a sum"});
    EXPECT_EQ(sum, me == root ? expected : numbers(me, 1));

    std::vector<double> value = numbers(me, 2);
    comm::Request said = start_broadcast(world().all(), root, view(value), {});
    comm::wait(said, {"a broadcast"});
    EXPECT_EQ(value, numbers(root, 2));

    // <broadcast x, y> = <x, reduce y>, where x and its cotangent live on the root alone.
    const std::vector<double> nothing(length, 0.0);
    EXPECT_EQ(dot(value, numbers(me, 1)),
              dot(me == root ? numbers(me, 2) : nothing, me == root ? sum : nothing));
  }
}

}  // namespace
}  // namespace heddle::tests
