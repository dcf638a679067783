// What stands in the place of a device's message library holds ranks to the same calls.
#include "support/message_double.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include "heddle/lanes/memory.hpp"
#include "support/expect_error.hpp"
#include "support/late_stream.hpp"
#include "support/mpi_world.hpp"

namespace heddle::tests {
namespace {

/// All ranks, and what they reach.
struct Together {
  Together() : messages(lane) {
    MessageDouble::Id id{};
    if (world().rank() == 0) id = messages.new_id();
    MPI_Bcast(id.data(), static_cast<int>(id.size()), MPI_BYTE, 0, MPI_COMM_WORLD);
    group = messages.join(id, world().size(), world().rank());
  }
  void finish() {
    const lanes::Mark end = group->lane().mark("the end");
    while (!end.passed()) messages.look_after();
  }

  lanes::Lane lane{std::make_shared<LateStream>()};
  MessageDouble messages;
  std::unique_ptr<comm::DeviceMessages::Group> group;
};

TEST(MessageDouble, AddsUpWhatTheLaneHasMadeBefore) {
  Together all;
  const lanes::Memory memory(sizeof(double), all.lane);
  const Tensor number{memory.data(), DType::f64, {1}};
  const double mine = world().rank() + 1;
  all.lane.copy_from_host(std::as_bytes(std::span(&mine, 1)), number);
  all.group->lane().await(all.lane.mark("what is added"));
  all.group->all_reduce(number, number);
  all.finish();
  EXPECT_EQ(all.lane.read_scalar(number), world().size() * (world().size() + 1) / 2);
}

TEST(MessageDouble, RefusesOtherCalls) {
  if (world().size() == 1) GTEST_SKIP() << "one rank agrees with itself";
  Together all;
  const lanes::Memory memory(4 * sizeof(double), all.lane);
  all.lane.fill(memory.data(), memory.bytes(), 0);
  all.lane.fence("zeros");
  const Tensor numbers{memory.data(), DType::f64, {world().rank() == 0 ? 3 : 4}};
  all.group->broadcast(numbers, 0);
  expect_error(ExitCode::failure, {"ranks of a group make other calls", "broadcast of 3", "broadcast of 4"},
               [&] { all.finish(); });
}

}  // namespace
}  // namespace heddle::tests
