// A piece's time is the lane's, and nobody waits for it while the step goes on.
#include "../../../src/bench/stopwatch.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "support/late_stream.hpp"

namespace heddle::bench {
namespace {

using exec::Observed;
using exec::Piece;
using exec::Work;

TEST(Stopwatch, TimesALateLanesWorkWithoutAWait) {
  const lanes::Lane late(std::make_shared<tests::LateStream>());
  int waits = 0;
  late.wait_through([&](const char*, const lanes::Mark& mark) {
    for (++waits; !mark.passed();) std::this_thread::yield();
  });
  const Piece slow{.work = Work::node, .node = 0}, quick{.work = Work::node, .node = 1};
  const std::chrono::milliseconds work(30);
  Stopwatch watch(2, late);
  for (int step = 0; step < 2; ++step) {
    watch.step_begins(step);
    waits = 0;
    for (int i = 0; i < 2; ++i) {
      {
        const Observed observed(&watch, slow, &late);
        late.run([work] { std::this_thread::sleep_for(work); });
      }
      const Observed observed(&watch, quick, &late);
      late.run([] {});
    }
    EXPECT_EQ(waits, 0);
    late.fence("the end of the step");
    watch.finish();
  }
  ASSERT_EQ(watch.steps().size(), 2U);
  for (const Stopwatch::Step& step : watch.steps()) {
    EXPECT_EQ(step[watch.slot(slow)].calls, 2);
    EXPECT_EQ(step[watch.slot(quick)].calls, 2);
    EXPECT_GE(step[watch.slot(slow)].seconds, 2 * std::chrono::duration<double>(work).count());
    EXPECT_LT(step[watch.slot(quick)].seconds, step[watch.slot(slow)].seconds);
  }
}

/// Who waits for pieces makes all wait, also those who need it not.
TEST(Stopwatch, WaitsWithOthersWhoDo) {
  class Waiter final : public exec::Observer {
   public:
    bool watches_pieces() const override { return true; }
  };
  Stopwatch watch(1, {});
  Waiter waiter;
  exec::Observers both;
  both.add(watch);
  EXPECT_FALSE(both.waits_for_pieces());
  both.add(waiter);
  EXPECT_TRUE(both.waits_for_pieces());
}

}  // namespace
}  // namespace heddle::bench
