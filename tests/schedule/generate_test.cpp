// Every schedule by its name: that it runs, on any numbers or not at all, and in which order
// it sums gradients.
#include "heddle/schedule/generate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "heddle/schedule/lookahead.hpp"
#include "heddle/schedule/simulated_machine.hpp"
#include "heddle/schedule/verify.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

/// Microbatches that try every case of a generator with `ranks`.
std::vector<int> counts(int ranks) {
  std::vector<int> all;
  for (int microbatches = 1; microbatches <= std::min(2 * ranks + 3, 12); ++microbatches)
    all.push_back(microbatches);
  for (const int microbatches : {ranks, 2 * ranks - 1, 2 * ranks, 3 * ranks + 1, 4 * ranks})
    all.push_back(microbatches);
  return all;
}

/// Of each schedule, with as many chunks as it takes.
template <class F>
void for_each_request(int most_ranks, F&& f) {
  for (const std::string_view name : names())
    for (int ranks = 1; ranks <= most_ranks; ++ranks)
      for (int chunks = 1; chunks <= 3; ++chunks)
        for (const int microbatches : counts(ranks)) {
          const Request request{std::string(name), ranks, chunks, microbatches};
          SCOPED_TRACE(testing::Message() << name << " on " << ranks << " ranks, " << chunks << " chunks, "
                                          << microbatches << " microbatches");
          std::optional<Schedule> schedule;
          try {
            schedule = generate(request);
          } catch (const BadRequest& error) {
            if (error.keys().front() == "pipeline.chunks")
              continue;  // the schedule takes another number of them
            EXPECT_EQ(name, "dualpipev");
            EXPECT_LT(microbatches, 2 * ranks);
            continue;
          }
          f(request, *schedule);
        }
}

TEST(Generate, EveryScheduleRuns) {
  for_each_request(17, [](const Request& request, const Schedule& schedule) {
    EXPECT_EQ(schedule.ranks(), request.ranks);
    EXPECT_EQ(schedule.stages(), request.ranks * request.chunks);
    EXPECT_EQ(schedule.microbatches, request.microbatches);
    const Schedule complete = lowered(schedule);
    const Costs costs = unit_costs(schedule.stages());
    const int lookahead = ample_lookahead(complete, costs);
    const auto problem = first_problem(complete, lookahead);
    EXPECT_FALSE(problem) << problem->what << ": " << problem->why;
    EXPECT_EQ(simulate(complete, costs, lookahead), simulate(complete, costs, 9999, 9999));
    EXPECT_TRUE(lookahead <= 3 || (request.name != "gpipe" && request.name != "1f1b")) << lookahead;
  });
}

TEST(Generate, EveryStageSumsItsGradientsInTheOrderOfTheMicrobatches) {
  for_each_request(9, [](const Request&, const Schedule& schedule) {
    std::map<int, int> next;
    for (const Row& row : schedule.rows)
      for (const Action& action : row) {
        if (action.kind != ActionKind::backward && action.kind != ActionKind::backward_weight) continue;
        EXPECT_EQ(action.microbatch, next[action.stage]++) << name(action);
      }
  });
}

TEST(Generate, SaysWhichNumbersWouldDo) {
  const auto refusal = [](const Request& request) -> std::string {
    try {
      generate(request);
    } catch (const BadRequest& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal({"1f1b", 4, 2, 8}),
            "pipeline.chunks = 2 does not fit the schedule \"1f1b\" (it lays one stage on each rank); try "
            "pipeline.chunks = 1");
  EXPECT_EQ(refusal({"zb-v", 4, 1, 8}),
            "pipeline.chunks = 1 does not fit the schedule \"zb-v\" (it folds the stages into a V, two on "
            "each rank); try pipeline.chunks = 2");
  EXPECT_EQ(refusal({"dualpipev", 4, 2, 7}),
            "pipeline.microbatches = 7 is too few for dualpipev on 4 ranks (it fills both ways of the V with "
            "as many microbatches as there are stages); try pipeline.microbatches = 8");
  EXPECT_THAT(refusal({"1f1", 4, 1, 8}), testing::StartsWith("there is no schedule \"1f1\""));
}

}  // namespace
}  // namespace heddle::schedule
