// A model with skips over several stages and two ties trains on every grid as it does on one rank.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "some_pairs.hpp"
#include "support/skip_model.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

constexpr const char* reference_file = "any_graph.txt";

std::vector<std::string> overrides(int pipeline, int tensor, bool sequence_parallel, const char* schedule) {
  return {fmt::format("grid.pipeline={}", pipeline),
          fmt::format("grid.tensor={}", tensor),
          fmt::format("grid.data={}", world().size() / pipeline / tensor),
          fmt::format("grid.sequence_parallel={}", sequence_parallel),
          fmt::format("pipeline.schedule={}", schedule),
          "pipeline.microbatches=8",
          "train.batch=32",
          "train.steps=8"};
}

Outcome train_skips(const std::vector<std::string>& ways) {
  const deck::Deck deck = small_deck(ways);
  return train(deck, plan::make(deck, skip_model));
}

void expect_reference(const Outcome& outcome, const std::string& what) {
  std::ifstream file(reference_file);
  double wanted = 0;
  ASSERT_TRUE(file >> wanted) << "has the run on one rank left its results here?";
  EXPECT_NEAR(outcome.gradient_norm, wanted, 1e-12 * wanted) << what;
  for (double loss : outcome.losses) {
    ASSERT_TRUE(file >> wanted) << what;
    EXPECT_NEAR(loss, wanted, 1e-12 * wanted) << what;
  }
}

struct Scheduled {
  const char* name;
  int chunks;
};
const std::vector<Scheduled> schedules = {{"1f1b", 1},  {"gpipe", 1},       {"zb-h1", 1},
                                          {"zb-h2", 1}, {"interleaved", 2}, {"interleaved-zb", 2},
                                          {"zb-v", 2},  {"dualpipev", 2}};

/// Pipeline and tensor.
std::vector<std::pair<int, int>> grids() {
  std::vector<std::pair<int, int>> all;
  for (int tensor : {1, 2})
    for (int pipeline = 1; pipeline <= 8; ++pipeline)
      if (world().size() % (tensor * pipeline) == 0 && 4 % (world().size() / tensor / pipeline) == 0)
        all.emplace_back(pipeline, tensor);
  return all;
}

TEST(AnyGraph, SkipsAndTiesTrainAsOnOneRank) {
  if (world().size() == 1) {
    const Outcome outcome = train_skips(overrides(1, 1, false, "gpipe"));
    EXPECT_LT(outcome.losses.back(), 0.97 * outcome.losses.front());
    std::ofstream file(reference_file);
    file << fmt::format("{:.17g}\n", outcome.gradient_norm);
    for (double loss : outcome.losses) file << fmt::format("{:.17g}\n", loss);
  }
  for (const auto& [grid, schedule] : some_pairs(grids(), schedules)) {
    const auto& [pipeline, tensor] = grid;
    if (pipeline * schedule.chunks > 8 || (pipeline == 1 && schedule.chunks > 1)) continue;
    const bool sequence_parallel = tensor > 1 && std::string(schedule.name) != "1f1b";
    for (const char* tied : {"replicate", "transmit"}) {
      std::vector<std::string> way = overrides(pipeline, tensor, sequence_parallel, schedule.name);
      way.push_back(fmt::format("pipeline.chunks={}", schedule.chunks));
      way.push_back(fmt::format("pipeline.tied={}", tied));
      expect_reference(train_skips(way),
                       fmt::format("pipeline {} tensor {} {} {}", pipeline, tensor, schedule.name, tied));
    }
  }
}

}  // namespace
}  // namespace heddle::tests
