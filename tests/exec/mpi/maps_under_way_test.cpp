// A node waits for the maps whose memory it touches, and for no other.
#include "heddle/exec/maps_under_way.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <numeric>

#include "heddle/comm/collectives.hpp"
#include "heddle/lanes/lane.hpp"
#include "support/late_stream.hpp"
#include "support/mpi_world.hpp"

namespace heddle::tests {
namespace {

constexpr std::int64_t length = 8;

/// A sum over the ranks, from one part of the memory into another, that cannot begin before the gate of its
/// lane is open.
class HeldMap {
 public:
  HeldMap() : lane_(std::make_shared<LateStream>()) {
    std::iota(numbers_.begin(), numbers_.end(), 0.0);
    lane_.run([open = gate_.get_future().share()] { open.wait(); });
    under_way_.add({start_all_reduce(world().all(), comm::Reduction::sum, in(), out(), lane_),
                    in(),
                    out(),
                    {.work = exec::Work::wait},
                    "a test's sum"});
  }
  ~HeldMap() {
    if (!open_) gate_.set_value();
    under_way_.finish(nullptr);
  }

  Tensor in() { return at(0); }
  Tensor out() { return at(length); }
  Tensor elsewhere() { return at(2 * length); }
  /// Its first number is the last of `in`.
  Tensor overlapping_in() { return at(length - 1, 1); }

  /// Whether a node that reads and writes this memory goes on only when the gate is open.
  bool waits(std::vector<Tensor> reads, std::vector<Tensor> writes) {
    std::future<void> opener = std::async(std::launch::async, [this] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      open_ = true;
      gate_.set_value();
    });
    under_way_.settle(reads, writes, nullptr);
    const bool waited = open_;
    opener.wait();
    return waited;
  }
  /// Whether a node goes on although the gate is shut.
  bool passes(std::vector<Tensor> reads, std::vector<Tensor> writes) {
    under_way_.settle(reads, writes, nullptr);
    return !open_;
  }
  double sum(std::int64_t i) const { return numbers_[static_cast<std::size_t>(length + i)]; }

 private:
  Tensor at(std::int64_t first, std::int64_t count = length) {
    return {numbers_.data() + first, DType::f64, {count}};
  }

  std::vector<double> numbers_ = std::vector<double>(3 * length);
  std::promise<void> gate_;
  std::atomic<bool> open_ = false;
  lanes::Lane lane_;
  exec::MapsUnderWay under_way_;
};

TEST(MapsUnderWay, AReadWaitsForWhatAMapWrites) {
  HeldMap map;
  EXPECT_TRUE(map.waits({map.out()}, {map.elsewhere()}));
  EXPECT_EQ(map.sum(3), 3.0 * world().size());
}

TEST(MapsUnderWay, AWriteWaitsForWhatAMapReads) {
  HeldMap map;
  EXPECT_TRUE(map.waits({map.elsewhere()}, {map.in()}));
}

TEST(MapsUnderWay, AWriteWaitsForWhatAMapWrites) {
  HeldMap map;
  EXPECT_TRUE(map.waits({}, {map.out()}));
  EXPECT_EQ(map.sum(3), 3.0 * world().size());
}

TEST(MapsUnderWay, OneSharedByteIsEnough) {
  HeldMap map;
  EXPECT_TRUE(map.waits({}, {map.overlapping_in()}));
}

TEST(MapsUnderWay, WhatSharesNoMemoryGoesOn) {
  HeldMap map;
  EXPECT_TRUE(map.passes({map.elsewhere()}, {map.elsewhere()}));
  EXPECT_TRUE(map.passes({}, {}));
}

TEST(MapsUnderWay, TwoReadsDoNotHinderEachOther) {
  HeldMap map;
  EXPECT_TRUE(map.passes({map.in()}, {map.elsewhere()}));
}

}  // namespace
}  // namespace heddle::tests
