// The message library of this build's device, as far as one rank can try it.
#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "heddle/comm/carrier.hpp"
#include "heddle/lanes/memory.hpp"
#include "support/lane.hpp"
#include "support/mpi_world.hpp"

namespace heddle::tests {
namespace {

using Group = comm::DeviceMessages::Group;

class DeviceMessagesOfOneRank : public testing::Test {
 protected:
  void SetUp() override {
    if (world().size() > 1) GTEST_SKIP() << "for one rank";
    const comm::Carrier found = comm::carrier(world().all(), here_, comm::Wish::fastest);
    if (!found.library) GTEST_SKIP() << "no library: " << found.said;
    library_ = found.library;
    group_ = library_->join(library_->new_id(), 1, 0);
    memory_.emplace(2 * count * std::int64_t{sizeof(float)}, here_);
    std::iota(numbers_.begin(), numbers_.end(), 1.0f);
    here_.copy_from_host(std::as_bytes(std::span(numbers_)), half(0));
    group_->lane().await(here_.mark("numbers"));
  }
  Tensor half(int which) const {
    return {static_cast<float*>(memory_->data()) + which * count, DType::f32, {count}};
  }
  void expect_numbers_in(int which) {
    here_.await(group_->lane().mark("what the library does"));
    std::array<float, count> found{};
    here_.copy_to_host(half(which), std::as_writable_bytes(std::span(found)));
    EXPECT_EQ(found, numbers_);
  }

  static constexpr std::int64_t count = 1000;
  lanes::Lane here_ = lane();
  std::shared_ptr<comm::DeviceMessages> library_;
  std::unique_ptr<Group> group_;
  std::optional<lanes::Memory> memory_;
  std::array<float, count> numbers_{};
};

TEST_F(DeviceMessagesOfOneRank, ASumOverOneIsItself) {
  group_->all_reduce(half(0), half(0));
  expect_numbers_in(0);
  group_->all_reduce(half(0), half(1));
  expect_numbers_in(1);
}

TEST_F(DeviceMessagesOfOneRank, ReducesAndBroadcastsInPlace) {
  group_->reduce(half(0), 0);
  group_->broadcast(half(0), 0);
  expect_numbers_in(0);
}

TEST_F(DeviceMessagesOfOneRank, SendsToItself) {
  group_->exchange(std::array{comm::DeviceMessages::Message{0, half(0)}},
                   std::array{comm::DeviceMessages::Message{0, half(1)}});
  expect_numbers_in(1);
}

TEST_F(DeviceMessagesOfOneRank, EndsWellWhereTheRunFails) {
  group_->all_reduce(half(0), half(0));
  library_->give_up();
  library_->look_after();
  group_.reset();
  here_.fence("what is left");
}

}  // namespace
}  // namespace heddle::tests
