// What backward recomputes has the bits of what forward made: losses, gradients and parameters are the same
// to the bit.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "support/skip_model.hpp"
#include "synthetic_run.hpp"
#include "tensor_layouts.hpp"

namespace heddle::tests {
namespace {

template <class F>
void for_each_layout(F&& f) {
  for_each_tensor_layout(world().size(), [&](int data, const std::vector<std::string>& grid) {
    f(with(grid, {fmt::format("train.batch={}", 4 * data), "train.steps=4", "pipeline.microbatches=4"}));
  });
}

TEST(Recompute, ChangesNoBit) {
  for_each_layout([](const std::vector<std::string>& way) {
    const Outcome kept = train(small_deck(way));
    for (const char* recompute : {"selective", "full"}) {
      const std::vector<std::string> again = with(way, {fmt::format("train.recompute={}", recompute)});
      EXPECT_TRUE(train(small_deck(again)) == kept) << fmt::format("{} {}", recompute, fmt::join(way, " "));
      EXPECT_TRUE(train(small_deck(with(again, {"train.memory=separate"}))) == kept) << recompute;
    }
  });
}

struct Scheduled {
  const char* name;
  int chunks;
};

/// With W apart, what I has recomputed is kept for it; several stages a rank are recomputed each in
/// its own backward.
TEST(Recompute, ChangesNoBitOfAnySchedule) {
  for (int pipeline : {2, 4})
    for (const Scheduled& schedule : {Scheduled{"gpipe", 1},
                                      {"zb-h1", 1},
                                      {"interleaved", 2},
                                      {"interleaved-zb", 2},
                                      {"zb-v", 2},
                                      {"dualpipev", 2}}) {
      if (world().size() % pipeline != 0 || world().size() > 4) continue;
      const std::vector<std::string> way = {fmt::format("grid.pipeline={}", pipeline),
                                            fmt::format("grid.tensor={}", world().size() / pipeline),
                                            fmt::format("pipeline.schedule={}", schedule.name),
                                            fmt::format("pipeline.chunks={}", schedule.chunks),
                                            "pipeline.microbatches=8",
                                            "train.batch=8",
                                            "train.steps=4"};
      const deck::Deck deck = small_deck(with(way, {"train.recompute=full"}));
      const plan::Plan plan = plan::make(deck);
      const Outcome kept = train(small_deck(way));
      EXPECT_TRUE(train(deck, plan) == kept) << fmt::format("{}", fmt::join(way, " "));
      EXPECT_TRUE(train(small_deck(with(way, {"train.recompute=full", "train.memory=separate"}))) == kept)
          << schedule.name;
      const exec::Clock clock;
      EXPECT_EQ(session::Trainer(session::options_of(deck), plan, world().all(), clock, lane()).allocated(),
                plan.memory(world().rank()).bytes());
    }
}

TEST(Recompute, ChangesNoBitOfAModelWithSkips) {
  for_each_layout([](const std::vector<std::string>& way) {
    const deck::Deck deck = small_deck(way), again = small_deck(with(way, {"train.recompute=full"}));
    EXPECT_TRUE(train(again, plan::make(again, skip_model)) == train(deck, plan::make(deck, skip_model)));
  });
}

TEST(Recompute, ARankAllocatesWhatItsPlanSaysAndLess) {
  for_each_layout([](const std::vector<std::string>& way) {
    std::int64_t before = -1;
    for (const char* recompute : {"none", "selective", "full"}) {
      const deck::Deck deck = small_deck(with(way, {fmt::format("train.recompute={}", recompute)}));
      const plan::Plan plan = plan::make(deck);
      const exec::Clock clock;
      const session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, lane());
      EXPECT_EQ(trainer.allocated(), plan.memory(world().rank()).bytes());
      if (before >= 0) {
        EXPECT_LT(trainer.allocated(), before) << recompute;
      }
      before = trainer.allocated();
    }
  });
}

}  // namespace
}  // namespace heddle::tests
