// Halo exchange and repartition over real ranks: the known answers, idle ranks, several hops,
// against the oracle.
#include <gtest/gtest.h>

#include "heddle/comm/collectives.hpp"
#include "heddle/comm/exchange.hpp"
#include "heddle/maps/halo.hpp"
#include "heddle/maps/repartition.hpp"
#include "local_tensors.hpp"

namespace heddle::comm::tests {
namespace {

using maps::DistributedTensor, maps::TransferPlan;

std::vector<int> first_ranks(int count) {
  std::vector<int> ranks(count);
  for (int i = 0; i < count; ++i) ranks[i] = i;
  return ranks;
}

DistributedTensor draw_all(const std::vector<maps::Box>& boxes, Numbers numbers, std::uint64_t key) {
  DistributedTensor x;
  for (std::size_t rank = 0; rank < boxes.size(); ++rank)
    x.push_back(draw(boxes[rank].shape(), numbers, key, rank));
  return x;
}

class Exchanges : public testing::Test {
 protected:
  maps::LocalTensor over_mpi(const TransferPlan& plan, DType dtype, const maps::LocalTensor& x) const {
    const Exchange exchange(ranks_, plan, dtype);
    const Owned in(dtype, x), out(dtype, plan.target[ranks_.rank()].shape());
    complete(exchange.start(in.view(), out.view(), lane()), "an exchange");
    return out.values();
  }
  void expect_as_the_oracle(const TransferPlan& plan) const {
    const TransferPlan back = maps::adjoint(plan);
    const int me = world().rank();
    for (DType dtype : {DType::i32, DType::f32, DType::f64, DType::bf16}) {
      const auto x = draw_all(plan.source, Numbers::small_integers, 1),
                 y = draw_all(plan.target, Numbers::small_integers, 2);
      const auto forward = over_mpi(plan, dtype, x[me]), backward = over_mpi(back, dtype, y[me]);
      EXPECT_EQ(forward, maps::carry_out(plan, x)[me]);
      EXPECT_EQ(backward, maps::carry_out(back, y)[me]);
      EXPECT_EQ(dot(forward, y[me]), dot(x[me], backward));
    }
    // The order of the additions is the plan's, so even rounded sums agree to the bit.
    const auto y = draw_all(plan.target, Numbers::reals, 3);
    EXPECT_EQ(over_mpi(back, DType::f64, y[me]), maps::carry_out(back, y)[me]);
  }

 private:
  const Communicator ranks_ = everybody();
};

TEST_F(Exchanges, halos_of_many_windows_in_one_dim) {
  const int ranks = world().size();
  for (int parts = 1; parts <= ranks; ++parts)
    for (std::int64_t n : {0, 3, 10, 50})
      for (maps::SlidingWindow window : {maps::SlidingWindow{n, parts, 3, 1, 1, 1, 1},
                                         {n, parts, 5, 3, 1, 1, 3},
                                         {n, parts, 5, 2, 2, 2, 1},
                                         {n, parts, 9, 1, 8, 0, 1},
                                         {n, parts, 1, 3, 0, 0, 1},
                                         {n, parts, 2, 2, 0, 0, 1}}) {
        SCOPED_TRACE(testing::Message() << "n " << n << " on " << parts << ", kernel " << window.kernel);
        expect_as_the_oracle(maps::halo_exchange({window}, first_ranks(parts), ranks));
      }
}

TEST_F(Exchanges, halos_reach_over_corners_in_two_and_three_dims) {
  const int ranks = world().size();
  for (int rows = 1; rows <= ranks; ++rows) {
    const int columns = ranks / rows;
    const maps::SlidingWindow down{7, rows, 5, 1, 2, 2, 1}, across{9, columns, 3, 1, 1, 1, 2},
        flat{4, 1, 3, 1, 1, 1, 1};
    expect_as_the_oracle(maps::halo_exchange({down, across}, first_ranks(rows * columns), ranks));
    expect_as_the_oracle(maps::halo_exchange({down, flat, across}, first_ranks(rows * columns), ranks));
  }
}

TEST_F(Exchanges, repartitions_between_any_two_partitions_with_idle_ranks) {
  const int ranks = world().size();
  for (const Shape& global : {Shape{7, 5, 3}, Shape{2, 1, 9}})
    for (int a = 1; a <= ranks; ++a)
      for (int b = 1; b <= ranks; ++b) {
        auto last_ranks = first_ranks(b);
        for (int& rank : last_ranks) rank = ranks - 1 - rank;
        const auto from = maps::balanced_partition(global, {a, 1, 1}, first_ranks(a));
        const auto to = maps::balanced_partition(global, {1, b, 1}, last_ranks);
        expect_as_the_oracle(maps::repartition(from, to, ranks));
      }
}

TEST_F(Exchanges, known_answer_of_the_adjoint_repartition_from_4x1_to_2x2) {
  if (world().size() < 4) GTEST_SKIP() << "needs 4 ranks";
  const int ranks = world().size(), me = world().rank();
  const auto from = maps::balanced_partition({7, 5}, {4, 1}, first_ranks(4));
  const auto to = maps::balanced_partition({7, 5}, {2, 2}, first_ranks(4));
  const TransferPlan plan = maps::repartition(from, to, ranks);
  const auto y =
      over_mpi(maps::adjoint(plan), DType::f64, maps::LocalTensor(plan.target[me].shape(), me + 1));
  maps::LocalTensor x(plan.source[me].shape());
  for (std::int64_t i = 0; i < x.shape.count(); ++i) {
    const std::int64_t row = plan.source[me][0].begin + i / 5, column = i % 5;
    EXPECT_EQ(y.values[i], (row < 4 ? 1 : 3) + (column < 3 ? 0 : 1));
    const double values[] = {1, 1, 2, 2, 3, 3, 4};
    x.values[i] = values[row];
  }
  EXPECT_EQ(dot(x, y), 212);
}

TEST_F(Exchanges, known_answer_of_broadcast_from_2x1_to_2x3) {
  if (world().size() < 6) GTEST_SKIP() << "needs 6 ranks";
  const int ranks = world().size(), me = world().rank();
  const auto from = maps::balanced_partition({5, 2}, {2, 1}, {0, 3});
  const TransferPlan plan = maps::broadcast(from, {2, 3}, first_ranks(6), ranks);
  maps::LocalTensor x(plan.source[me].shape(), me == 0 ? 1 : 2);
  const auto y = maps::LocalTensor(plan.target[me].shape(), me + 1);
  const auto copies = over_mpi(plan, DType::f64, x), sums = over_mpi(maps::adjoint(plan), DType::f64, y);
  EXPECT_EQ(copies, maps::LocalTensor(plan.target[me].shape(), me < 3 ? 1 : 2));
  EXPECT_EQ(sums, maps::LocalTensor(plan.source[me].shape(), me == 0 ? 6 : 15));
  EXPECT_EQ(dot(copies, y), 156);
  EXPECT_EQ(dot(x, sums), 156);
}

}  // namespace
}  // namespace heddle::comm::tests
