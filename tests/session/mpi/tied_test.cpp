// A parameter that several pipeline ranks use trains the same whether each steps its own copy or one steps
// it for all.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "support/skip_model.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

using schedule::FixedPool;

std::vector<std::string> overrides(int pipeline, int tensor, const std::string& tied) {
  return {fmt::format("grid.pipeline={}", pipeline),
          fmt::format("grid.tensor={}", tensor),
          fmt::format("grid.data={}", world().size() / pipeline / tensor),
          "pipeline.microbatches=2",
          "pipeline.tied=" + tied,
          "train.batch=48",
          "train.steps=6"};
}

template <class F>
void for_each_grid(F&& f) {
  for (int tensor : {1, 2})
    for (int pipeline : {2, 4, 8})
      if (world().size() % (tensor * pipeline) == 0) f(pipeline, tensor);
}

TEST(Tied, OneRankThatStepsForAllGivesTheSameBits) {
  for_each_grid([](int pipeline, int tensor) {
    for (const char* validate : {"before", "after"})
      for (bool skips : {false, true}) {
        const auto outcome = [&](const char* tied) {
          std::vector<std::string> way = overrides(pipeline, tensor, tied);
          way.push_back(fmt::format("optimizer.validate={}", validate));
          const deck::Deck deck = small_deck(way);
          return train(deck, skips ? plan::make(deck, skip_model) : plan::make(deck));
        };
        EXPECT_TRUE(outcome("transmit") == outcome("replicate"))
            << pipeline << " x " << tensor << " " << validate;
      }
  });
}

/// Of the skip model's two ties the token table stands on the first and last rank, the mixer on two others,
/// or on the same.
TEST(Tied, TheOthersHoldNoMoments) {
  for_each_grid([](int pipeline, int tensor) {
    const deck::Deck twice = small_deck(overrides(pipeline, tensor, "replicate")),
                     once = small_deck(overrides(pipeline, tensor, "transmit"));
    const plan::Plan replicated = plan::make(twice, skip_model), transmitted = plan::make(once, skip_model);
    const int rank = world().rank();
    const PipelineRank pipeline_rank = transmitted.pipeline_rank(rank);
    const exec::Clock clock;
    const session::Trainer trainer(session::options_of(once), transmitted, world().all(), clock, lane());
    const std::vector<std::string> elsewhere = plan::held_before(transmitted, pipeline_rank);
    std::int64_t saved = 0;
    for (const train::TrainedParameter& p : trainer.parameters()) {
      const bool here = !std::ranges::count(elsewhere, p.name);
      EXPECT_EQ(p.stepped(), here) << p.name;
      if (!here) saved += 2 * ((p.tensor.bytes() + 255) / 256 * 256);
    }
    EXPECT_EQ(saved > 0, pipeline_rank + 1 == pipeline || !elsewhere.empty());
    const schedule::MemoryPlan all = replicated.memory(rank).training,
                               less = transmitted.memory(rank).training;
    EXPECT_EQ(all[FixedPool::moments].bytes() - less[FixedPool::moments].bytes(), saved);
    EXPECT_EQ(all.bytes - less.bytes, saved);
    EXPECT_EQ(trainer.allocated(), transmitted.memory(rank).bytes());
  });
}

}  // namespace
}  // namespace heddle::tests
