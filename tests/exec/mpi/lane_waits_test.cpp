// The host does not wait for messages of a device's library: it tells the lane to, and goes on.
#include <gtest/gtest.h>

#include "heddle/comm/cartesian.hpp"
#include "heddle/comm/collectives.hpp"
#include "heddle/comm/point_to_point.hpp"
#include "heddle/lanes/memory.hpp"
#include "support/axis_sets.hpp"
#include "support/lane.hpp"
#include "support/mpi_world.hpp"

namespace heddle::tests {
namespace {

TEST(LaneWaits, TheHostGoesOnBeforeAMessageHasCome) {
  const lanes::Lane here = lane();
  if (!by_device_messages()) GTEST_SKIP() << "MPI carries messages, and the host waits for them";
  comm::CartesianGrid grid(world(), maps::Grid({world().size(), 1, 1}), axis_sets());
  grid.open_channels(maps::Axis::data, {{0, 1, 0}});
  const lanes::Memory memory(2 * sizeof(double), here);
  const Tensor number{memory.data(), DType::f64, {}},
      copy{static_cast<double*>(memory.data()) + 1, DType::f64, {}};
  const auto& ranks = grid.along(maps::Axis::data);
  const double sent = 42;

  if (world().rank() == 1) {
    comm::Request request = start_receive(ranks, 0, {1, 0}, number, here);
    EXPECT_TRUE(request.settled());
    EXPECT_FALSE(request.test());
    comm::wait(request, {"the number"});
    EXPECT_TRUE(request.done());
    here.copy(number, copy);
  }
  comm::barrier(world().all(), "the receiver has gone on");
  if (world().rank() == 0) {
    here.copy_from_host(std::as_bytes(std::span(&sent, 1)), number);
    comm::Request request = start_send(ranks, 1, {1, 0}, number, here);
    comm::wait(request, {"the number"});
    here.fence("what is sent");
  }
  if (world().rank() == 1) {
    EXPECT_EQ(here.read_scalar(copy), sent);
  }
}

}  // namespace
}  // namespace heddle::tests
