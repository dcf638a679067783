// How many rows pass the loss at once changes memory, and no result beyond rounding.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

/// 30 rows a step over the data axis, in two microbatches.
std::vector<std::string> overrides(int tensor, bool sequence_parallel, std::int64_t loss_rows) {
  const int rest = world().size() / tensor, pipeline = rest % 2 == 0 ? 2 : 1;
  return {fmt::format("grid.tensor={}", tensor),
          fmt::format("grid.pipeline={}", pipeline),
          fmt::format("grid.data={}", rest / pipeline),
          fmt::format("grid.sequence_parallel={}", sequence_parallel),
          fmt::format("train.batch={}", 2 * rest / pipeline),
          "train.sequence=15",
          "train.steps=6",
          "pipeline.microbatches=2",
          fmt::format("train.loss_rows={}", loss_rows)};
}

template <class F>
void for_each_layout(F&& f) {
  for (int tensor : {1, 2, 4})
    for (bool sequence_parallel : {false, true})
      if (world().size() % tensor == 0 && (tensor > 1 || !sequence_parallel)) f(tensor, sequence_parallel);
}

TEST(LossTail, ChunksOfRowsGiveTheSameResults) {
  constexpr std::int64_t all = 1000;
  for_each_layout([](int tensor, bool sequence_parallel) {
    const Outcome whole = train(small_deck(overrides(tensor, sequence_parallel, all)));
    for (std::int64_t loss_rows : {1, 3, 7}) {  // 15 rows: 15 x 1, 5 x 3, 5 + 5 + 5
      const Outcome chunked = train(small_deck(overrides(tensor, sequence_parallel, loss_rows)));
      const std::string what = fmt::format("tensor {} loss_rows {}", tensor, loss_rows);
      ASSERT_EQ(chunked.losses.size(), whole.losses.size());
      for (std::size_t i = 0; i < whole.losses.size(); ++i)
        EXPECT_NEAR(chunked.losses[i], whole.losses[i], 1e-12 * whole.losses[i]) << what;
      EXPECT_NEAR(chunked.gradient_norm, whole.gradient_norm, 1e-12 * whole.gradient_norm) << what;
      EXPECT_NEAR(chunked.evaluation, whole.evaluation, 1e-12 * whole.evaluation) << what;
      ASSERT_EQ(chunked.parameters.size(), whole.parameters.size());
      const auto* a = reinterpret_cast<const double*>(chunked.parameters.data());
      const auto* b = reinterpret_cast<const double*>(whole.parameters.data());
      double worst = 0;
      for (std::size_t i = 0; i < whole.parameters.size() / sizeof(double); ++i)
        worst = std::max(worst, std::abs(a[i] - b[i]));
      EXPECT_LE(worst, 1e-9) << what;  // AdamW takes the sign of a gradient that is nothing but rounding
    }
  });
}

TEST(LossTail, TheSameBitsTwiceAndInPoisonedMemory) {
  for_each_layout([](int tensor, bool sequence_parallel) {
    std::vector<std::string> way = overrides(tensor, sequence_parallel, 4);
    const Outcome once = train(small_deck(way));
    EXPECT_TRUE(train(small_deck(way)) == once);
    way.emplace_back("train.memory=separate");
    EXPECT_TRUE(train(small_deck(way)) == once);
  });
}

TEST(LossTail, ARankAllocatesWhatItsPlanSaysAndLessForFewerRows) {
  for_each_layout([](int tensor, bool sequence_parallel) {
    std::vector<std::int64_t> bytes;
    for (std::int64_t loss_rows : {1, 1000}) {
      std::vector<std::string> way = overrides(tensor, sequence_parallel, loss_rows);
      way.emplace_back("model.vocabulary=4000");  // logits are the largest piece of scratch
      const deck::Deck deck = small_deck(way);
      const plan::Plan plan = plan::make(deck);
      const exec::Clock clock;
      const session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, lane());
      bytes.push_back(trainer.allocated());
      EXPECT_EQ(bytes.back(), plan.memory(world().rank()).bytes());
      EXPECT_EQ(bytes.back(), trainer.engine().arena().allocated()) << "evaluation borrows";
      const int stage = trainer.grid().coordinates()[maps::Axis::pipeline];
      if (stage + 1 < deck.grid.pipeline) bytes.pop_back();
    }
    if (bytes.size() == 2) {
      EXPECT_LT(bytes[0], bytes[1]);
    }
  });
}

}  // namespace
}  // namespace heddle::tests
