// What the events of two made-up ranks say that actions cost.
#include "../../src/bench/measured_costs.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../support/ids.hpp"
#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/one_f_one_b.hpp"

namespace heddle::bench {
namespace {

using deck::Figure;
using schedule::ActionKind;

class MeasuredCosts : public testing::Test {
 protected:
  /// One microbatch over two stages; a message takes 0.5 seconds. `slower` is added to each computation.
  void add_step(std::int64_t step, double begin, double slower) {
    const auto put = [&](int rank, ActionKind kind, int microbatch, double from, double to) {
      events_[rank].push_back({step, {{kind, Stage(rank), microbatch}, begin + from, begin + to}});
    };
    const double f0 = 2 + slower, arrived = f0 + 0.5, f1 = arrived + 3 + slower, b1 = f1 + 5 + slower;
    put(0, ActionKind::forward, 0, 0, f0);
    put(0, ActionKind::send_forward, 0, f0, f0);
    put(1, ActionKind::receive_forward, 0, -0.25, arrived);
    put(1, ActionKind::forward, 0, arrived, f1);
    put(1, ActionKind::backward, 0, f1, b1);
    put(1, ActionKind::send_backward, 0, b1, b1);
    const double back = b1 + 0.5, b0 = back + 4 + slower, reduced = b0 + 1, stepped = reduced + 0.75;
    put(0, ActionKind::receive_backward, 0, f0, back);
    put(0, ActionKind::backward, 0, back, b0);
    put(0, ActionKind::reduce_gradients, -1, b0, reduced);
    put(0, ActionKind::step, -1, reduced, stepped);
    put(1, ActionKind::reduce_gradients, -1, b1, reduced);
    put(1, ActionKind::step, -1, reduced, stepped - 0.25);
    seconds_.push_back(stepped + 0.125);
  }

  deck::Cost costs() const {
    return measured_costs(events_, tests::ids<PipelineRank>({0, 1}),
                          finish_step(add_communication(schedule::one_f_one_b(2, 1))), seconds_);
  }

  std::vector<std::vector<io::EventRow>> events_{2};
  std::vector<double> seconds_;
};

TEST_F(MeasuredCosts, AreMediansOfTheStepsWithoutTheWaits) {
  add_step(1, 0, 0);
  add_step(2, 100, 50);  // a step that was disturbed
  add_step(3, 300, 0);
  const deck::Cost cost = costs();
  EXPECT_EQ(cost[Figure::forward].values, (std::vector<double>{2, 3}));
  EXPECT_EQ(cost[Figure::backward].values, (std::vector<double>{4, 5}));
  EXPECT_FALSE(cost[Figure::backward_input].given());
  // The second stage waits for the first in REDUCE_GRAD; the sum itself takes a second.
  EXPECT_EQ(cost[Figure::reduce_gradients].values, (std::vector<double>{1, 1}));
  EXPECT_EQ(cost[Figure::step].values, (std::vector<double>{0.75, 0.5}));
  EXPECT_EQ(cost[Figure::send].values, std::vector<double>{0.5});
  EXPECT_DOUBLE_EQ(cost.load, 0.125);
}

TEST_F(MeasuredCosts, AreMembersOfACostSection) {
  add_step(1, 0, 0);
  EXPECT_EQ(
      object(costs()).dump(),
      R"({"forward":[2.0,3.0],"backward":[4.0,5.0],"reduce_gradients":[1.0,1.0],"step":[0.75,0.5],"send":[0.5],"load":0.125})");
}

}  // namespace
}  // namespace heddle::bench
