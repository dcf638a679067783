// How many rows pass the loss at once changes memory, and no result beyond rounding.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "heddle/kernels/runtime.hpp"
#include "synthetic_run.hpp"
#include "tensor_layouts.hpp"

namespace heddle::tests {
namespace {

constexpr std::int64_t more_than_all = 1000;

/// Calls f(way) with a way to train 30 rows a step of each replica, in two microbatches; way(n) passes n of
/// them through the loss at once.
template <class F>
void for_each_layout(F&& f) {
  for_each_tensor_layout(world().size(), [&](int data, const std::vector<std::string>& grid) {
    f([&](std::int64_t loss_rows) {
      return with(grid, {fmt::format("train.batch={}", 2 * data), "train.sequence=15", "train.steps=6",
                         "pipeline.microbatches=2", fmt::format("train.loss_rows={}", loss_rows)});
    });
  });
}

TEST(LossTail, ChunksOfRowsGiveTheSameResults) {
  for_each_layout([](const auto& way) {
    const Outcome whole = train(small_deck(way(more_than_all)));
    for (std::int64_t loss_rows : {1, 3, 7}) {  // 15 rows: 15 x 1, 5 x 3, 5 + 5 + 5
      const Outcome chunked = train(small_deck(way(loss_rows)));
      const std::string what = fmt::format("{}", fmt::join(way(loss_rows), " "));
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
  for_each_layout([](const auto& way) {
    const Outcome once = train(small_deck(way(4)));
    EXPECT_TRUE(train(small_deck(way(4))) == once);
    EXPECT_TRUE(train(small_deck(with(way(4), {"train.memory=separate"}))) == once);
  });
}

TEST(LossTail, ARankAllocatesWhatItsPlanSaysAndLessForFewerRows) {
  for_each_layout([](const auto& way) {
    std::vector<std::int64_t> bytes;
    for (std::int64_t loss_rows : {std::int64_t{1}, more_than_all}) {
      // Logits are the largest piece of scratch.
      const deck::Deck deck = small_deck(with(way(loss_rows), {"model.vocabulary=4000"}));
      const plan::Plan plan = plan::make(deck);
      const exec::Clock clock;
      const session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, lane());
      bytes.push_back(trainer.allocated());
      EXPECT_EQ(bytes.back(), plan.memory(world().rank()).bytes());
      const std::int64_t kernels_keep = kernels::Runtime::room_bytes();
      EXPECT_EQ(bytes.back(), trainer.engine().arena().allocated() + kernels_keep) << "evaluation borrows";
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
