// The grid over real ranks: which ranks talk to each other.
#include <gtest/gtest.h>

#include "heddle/comm/cartesian.hpp"
#include "heddle/comm/point_to_point.hpp"
#include "local_tensors.hpp"

namespace heddle::comm::tests {
namespace {

std::vector<int> members(const Communicator& group) {
  std::vector<int> ranks;
  for (int i = 0; i < group.size(); ++i) ranks.push_back(group.world_rank(i));
  return ranks;
}

TEST(CartesianGrid, groups_are_those_of_the_grid_in_every_order_of_axes) {
  using maps::Axis;
  using Order = std::vector<Axis>;
  for (const Order& order :
       {Order{Axis::data, Axis::pipeline, Axis::tensor}, Order{Axis::pipeline, Axis::data, Axis::tensor},
        Order{Axis::tensor, Axis::pipeline, Axis::data}})
    for (const auto& some : grids_of_this_size()) {
      const maps::Grid shape(
          {some.extent(Axis::data), some.extent(Axis::pipeline), some.extent(Axis::tensor)}, order);
      CartesianGrid grid(world(), shape, axis_sets());
      for (maps::AxisSet axes : axis_sets()) {
        const Communicator& group = grid.along(axes);
        EXPECT_EQ(members(group), shape.group_of(axes, world().rank())) << maps::name(axes);
        EXPECT_EQ(group.rank(), shape.index_in(axes, world().rank()));
      }
    }
}

TEST(CartesianGrid, known_groups_of_2x2x2_with_pipeline_slowest) {
  using maps::Axis;
  if (world().size() != 8) GTEST_SKIP() << "needs 8 ranks";
  CartesianGrid grid(world(), maps::Grid({2, 2, 2}, {Axis::pipeline, Axis::data, Axis::tensor}), axis_sets());
  const int r = world().rank();
  EXPECT_EQ(members(grid.along(Axis::tensor)), (std::vector<int>{r & ~1, r | 1}));
  EXPECT_EQ(members(grid.along(Axis::data)), (std::vector<int>{r & ~2, r | 2}));
  EXPECT_EQ(members(grid.along(Axis::pipeline)), (std::vector<int>{r & ~4, r | 4}));
}

TEST(CartesianGrid, has_communicators_for_the_sets_that_were_asked_for) {
  using maps::Axis;
  const maps::Grid shape({1, 1, world().size()});
  CartesianGrid grid(world(), shape, {maps::AxisSet(Axis::tensor), maps::within_stage});
  EXPECT_EQ(grid.along(Axis::tensor).size(), world().size());
  EXPECT_EQ(grid.along(maps::within_stage).size(), world().size());
  EXPECT_THROW(grid.along(Axis::data), Error);
}

TEST(CartesianGrid, refuses_another_number_of_ranks) {
  try {
    CartesianGrid grid(world(), maps::Grid({world().size(), 2, 1}), axis_sets());
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("ranks"), std::string::npos);
  }
}

// One rank sends first, so that there is an order of all ranks' calls.
TEST(PointToPoint, messages_posted_ahead_go_round_the_ring) {
  const int n = world().size(), me = world().rank(), before = (me + n - 1) % n, after = (me + 1) % n;
  CartesianGrid grid(world(), maps::Grid({1, n, 1}), axis_sets());
  std::set<Channel> channels;
  for (int rank = 0; rank < n && n > 1; ++rank) channels.insert({rank, (rank + 1) % n, 3});
  grid.open_channels(maps::Axis::pipeline, channels);
  const Communicator& ring = grid.along(maps::Axis::pipeline);
  std::vector<std::unique_ptr<Owned>> arrived, sent;
  std::vector<Request> requests;
  const auto receive = [&] {
    for (int i = 0; i < 3; ++i) {
      arrived.push_back(std::make_unique<Owned>(DType::f32, Shape{100, 70}));
      requests.push_back(start_receive(ring, before, {5, 3}, arrived.back()->view(), lane()));
    }
  };
  if (me > 0) receive();
  for (int i = 0; i < 3; ++i) {
    sent.push_back(std::make_unique<Owned>(DType::f32, maps::LocalTensor({100, 70}, 10 * me + i)));
    requests.push_back(start_send(ring, after, {5, 3}, sent.back()->view(), lane()));
  }
  if (me == 0) receive();
  for (Request& request : requests) wait(request, {"the ring"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(arrived[i]->values(), maps::LocalTensor({100, 70}, 10 * before + i));
}

TEST(PointToPoint, a_message_longer_than_expected_is_an_error_not_an_abort) {
  if (world().size() < 2 || world().rank() > 1) return;
  const Owned tensor(DType::f32, Shape{world().rank() == 0 ? 3 : 2});
  if (world().rank() == 0)
    complete(start_send(world().all(), 1, 6, tensor.view(), lane()));
  else
    EXPECT_THROW(complete(start_receive(world().all(), 0, 6, tensor.view(), lane())), Error);
}

}  // namespace
}  // namespace heddle::comm::tests
