// Every schedule trains as 1F1B does: a graph of layers, and one with skips over stages and ties.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "schedule_ways.hpp"
#include "some_pairs.hpp"
#include "support/skip_model.hpp"
#include "synthetic_run.hpp"
#include "ways.hpp"

namespace heddle::tests {
namespace {

struct Layout {
  int data, pipeline, tensor;
};

/// Some pipelines on this many ranks, with the other axes too.
std::vector<Layout> layouts() {
  std::vector<Layout> all;
  for (const Layout& layout :
       {Layout{1, 2, 1}, {1, 4, 1}, {1, 2, 2}, {2, 2, 1}, {1, 8, 1}, {2, 2, 2}, {1, 4, 2}})
    if (layout.data * layout.pipeline * layout.tensor == world().size()) all.push_back(layout);
  return all;
}

deck::Deck deck_of(const Layout& layout, const ScheduleWay& way, int microbatches, double clip) {
  return small_deck(
      {fmt::format("grid.data={}", layout.data), fmt::format("grid.pipeline={}", layout.pipeline),
       fmt::format("grid.tensor={}", layout.tensor), fmt::format("pipeline.schedule={}", way.schedule),
       fmt::format("pipeline.chunks={}", way.chunks), fmt::format("pipeline.microbatches={}", microbatches),
       fmt::format("train.batch={}", layout.data * microbatches), fmt::format("optimizer.clip={}", clip),
       "model.layers=16", "train.steps=4"});
}

void expect_near(const Outcome& outcome, const Outcome& wanted, const std::string& what) {
  for (std::size_t step = 0; step < wanted.losses.size(); ++step)
    EXPECT_NEAR(outcome.losses[step], wanted.losses[step], 1e-12 * wanted.losses[step]) << what;
  EXPECT_NEAR(outcome.gradient_norm, wanted.gradient_norm, 1e-12 * wanted.gradient_norm) << what;
  EXPECT_NEAR(outcome.evaluation, wanted.evaluation, 1e-12 * wanted.evaluation) << what;
}

/// As many microbatches as ranks, and more, by the pipeline's length: factor * pipeline + rest.
struct Step {
  int factor, rest;
  double clip;
};
const std::vector<Step> steps = {{1, 0, 0}, {2, 3, 0}, {4, 0, 0}, {1, 0, 0.25}, {2, 3, 0.25}, {4, 0, 0.25}};

/// Calls f(layout, way, microbatches, the outcome of 1F1B there, what to call it).
template <class F>
void for_each_way(F&& f) {
  for (const auto& [layout, step] : some_pairs(layouts(), steps)) {
    const double clip = step.clip;
    const int microbatches = step.factor * layout.pipeline + step.rest;
    const Outcome wanted = f(deck_of(layout, {"1f1b", 1, true}, microbatches, clip));
    for (const ScheduleWay& way : schedule_ways()) {
      if (!way.fits(layout.pipeline, microbatches, 16)) continue;
      const std::string what =
          fmt::format("{} x{}, {} microbatches on data {} pipeline {} tensor {}", way.schedule, way.chunks,
                      microbatches, layout.data, layout.pipeline, layout.tensor);
      const Outcome outcome = f(deck_of(layout, way, microbatches, clip));
      expect_near(outcome, wanted, what);
      if (clip == 0 && way.sums_as_1f1b) {
        EXPECT_EQ(outcome.losses, wanted.losses) << what;
        EXPECT_EQ(outcome.evaluation, wanted.evaluation) << what;
      }
    }
  }
}

TEST(Schedules, TrainAs1F1BDoes) {
  if (layouts().empty()) GTEST_SKIP() << "no pipelines on " << world().size() << " ranks";
  for_each_way([](const deck::Deck& deck) { return train(deck); });
}

TEST(Schedules, TrainAs1F1BDoesWithSkipsAndTies) {
  if (layouts().empty()) GTEST_SKIP() << "no pipelines on " << world().size() << " ranks";
  for_each_way([](const deck::Deck& deck) { return train(deck, plan::make(deck, skip_model)); });
}

}  // namespace
}  // namespace heddle::tests
