// A budget as JSON: what a program reads of a rank.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../../src/bench/budget.hpp"

namespace heddle::bench {
namespace {

TEST(BudgetText, ARankSaysWhichStagesItHoldsAndWhatIsUnknownIsNull) {
  const Budget budget{
      .rank = 5,
      .pipeline_rank = PipelineRank(1),
      .stages = {Stage(1), Stage(2)},
      .rates = {},
      .rows = {{.name = "a \"b\"", .calls = 2, .seconds = 1, .floor = 0.25}, {.name = "rest"}},
      .step = {.name = "step", .calls = 1, .seconds = 4}};
  const nlohmann::ordered_json found = object(budget);
  EXPECT_EQ(found["rank"], 5);
  EXPECT_EQ(found["pipeline_rank"], 1);
  EXPECT_EQ(found["stages"], (std::vector{1, 2}));
  EXPECT_EQ(nlohmann::json::parse(found.dump())["rows"][0]["name"], "a \"b\"");
  EXPECT_EQ(found["rows"][0]["share"], 0.25);
  EXPECT_EQ(found["rows"][0]["ratio"], 4.0);
  EXPECT_TRUE(found["rows"][1]["floor_s"].is_null());
  EXPECT_TRUE(found["rows"][1]["ratio"].is_null());
}

}  // namespace
}  // namespace heddle::bench
