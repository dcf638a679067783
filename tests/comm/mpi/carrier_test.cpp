// Who is to carry messages of a lane whose memory the host does not reach, where a deck asks for a device-aware MPI.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "heddle/base/error.hpp"
#include "heddle/comm/carrier.hpp"
#include "support/late_stream.hpp"
#include "support/mpi_world.hpp"

namespace heddle::comm::tests {
namespace {

using heddle::tests::LateStream, heddle::tests::world;

class DeviceAware : public testing::Test {
 protected:
  ~DeviceAware() override { unsetenv(statement); }
  Carrier found() const { return carrier(world().all(), apart_, Wish::device_aware_mpi); }
  static constexpr const char* statement = "HEDDLE_MPI_REACHES_GPUS";
  lanes::Lane apart_{std::make_shared<LateStream>(LateStream::Reach::apart)};
};

TEST_F(DeviceAware, MpiIsHandedADevicesMemoryWhereItIsSaidToReachIt) {
  setenv(statement, "1", 1);
  EXPECT_EQ(found().mpi, Reach::device);
  EXPECT_EQ(found().library, nullptr);
  EXPECT_EQ(found().said, "by MPI, from GPU to GPU");
}

/// Also where it is one rank alone that says so.
TEST_F(DeviceAware, IsRefusedOnAllRanksByItsKeyWhereOneHasNone) {
  setenv(statement, world().rank() == world().size() - 1 ? "0" : "1", 1);
  try {
    found();
    FAIL() << "not refused";
  } catch (const KeyError& refused) {
    EXPECT_EQ(refused.keys(), std::vector<std::string>{"comm.device_aware"});
    const std::string last = std::to_string(world().size() - 1);
    EXPECT_NE(std::string(refused.what()).find("HEDDLE_MPI_REACHES_GPUS is 0, says rank " + last),
              std::string::npos)
        << refused.what();
  }
}

TEST(CarrierOfTheHost, IsMpiWhateverIsAsked) {
  for (const Wish wish : {Wish::fastest, Wish::device_aware_mpi}) {
    const Carrier found = carrier(world().all(), lanes::Lane(), wish);
    EXPECT_EQ(found.said, "");
    EXPECT_EQ(found.library, nullptr);
  }
}

}  // namespace
}  // namespace heddle::comm::tests
