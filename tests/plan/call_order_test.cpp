// What the ranks of a plan call together comes to its end, on every grid and with every schedule, or the plan is refused.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "../support/checked_deck.hpp"
#include "../support/expect_error.hpp"
#include "../support/skip_model.hpp"
#include "../support/temporary_folder.hpp"
#include "../support/working_folder.hpp"
#include "heddle/plan/from_deck.hpp"
#include "heddle/schedule/generate.hpp"

namespace heddle::plan {
namespace {

constexpr const char* small = R"([model]
layers = 15
heads = 8
width = 16
context = 8
vocabulary = 32
[train]
steps = 1
batch = 64
)";

/// A grid of at most eight ranks and a schedule, with two tied weights; null where the schedule does not fit.
std::optional<Plan> plan_on(int data, int pipeline, int tensor, std::string_view schedule, const char* tied) {
  for (const int chunks : {1, 2}) {
    try {
      return make(
          tests::checked_deck(
              small, {fmt::format("grid.data={}", data), fmt::format("grid.pipeline={}", pipeline),
                      fmt::format("grid.tensor={}", tensor), fmt::format("pipeline.schedule={}", schedule),
                      fmt::format("pipeline.chunks={}", chunks), "pipeline.microbatches=8",
                      fmt::format("pipeline.tied={}", tied)}),
          tests::skip_model);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_EQ(std::string(error.what()).find("in a circle"), std::string::npos) << error.what();
    }
  }
  return {};
}

TEST(CallOrder, OfEveryScheduleOnEveryGridIsProved) {
  for (const std::string_view schedule : schedule::names()) {
    int plans = 0;
    for (int data = 1; data <= 8; ++data)
      for (int pipeline = 1; data * pipeline <= 8; ++pipeline)
        for (int tensor = 1; data * pipeline * tensor <= 8; ++tensor)
          for (const char* tied : {"replicate", "transmit"}) {
            const auto plan = plan_on(data, pipeline, tensor, schedule, tied);
            if (!plan) continue;
            ++plans;
            SCOPED_TRACE(fmt::format("{} on {}x{}x{}", schedule, data, pipeline, tensor));
            EXPECT_EQ(plan->training.calls.has_value(), plan->training.schedule.window == 1);
            EXPECT_TRUE(plan->evaluation.calls);
          }
    EXPECT_GT(plans, 10) << schedule;
  }
}

// The second rank comes to the sum of the tied table before it has sent what the first one waits for.
TEST(CallOrder, ARowThatSumsBeforeItSendsIsRefusedWhereAWeightIsTied) {
  tests::TemporaryFolder folder;
  const tests::WorkingFolder inside(folder / "");
  folder.file("deck.toml", std::string(small) + "[pipeline]\nschedule = \"file:rows.csv\"\n");
  const auto read = [&](const char* rows) {
    folder.file("rows.csv", rows);
    return read_deck("deck.toml", std::vector<std::string>{"pipeline.microbatches=1"},
                     deck::Purpose::training);
  };
  constexpr const char* sums_first =
      "0F0,0SEND_F0,0RECV_B0,0B0,0REDUCE_GRAD,0STEP\n1RECV_F0,1F0,1B0,1REDUCE_GRAD,1SEND_B0,1STEP\n";
  make(read("0F0,0SEND_F0,0RECV_B0,0B0,0REDUCE_GRAD,0STEP\n1RECV_F0,1F0,1B0,1SEND_B0,1REDUCE_GRAD,1STEP\n"));
  tests::expect_error(ExitCode::usage,
                      {"rank 0, action 2 0RECV_B0 can never start",
                       "it waits for 1SEND_B0 of rank 1, whose action 3 1REDUCE_GRAD waits for "
                       "sum_reduce(pipeline 0, 1) of rank 0, in a circle"},
                      [&] { make(read(sums_first)); });
}

}  // namespace
}  // namespace heddle::plan
