// Training in bf16: what changes no bit of it. How far layouts may differ from each other is held in
// invariance_test.cpp.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "schedule_ways.hpp"
#include "some_pairs.hpp"
#include "synthetic_run.hpp"
#include "ways.hpp"

namespace heddle::tests {
namespace {

using Overrides = std::vector<std::string>;

deck::Deck deck_with(const Way& way, const Overrides& more) {
  Overrides all = way.overrides("bf16");
  all.push_back("train.steps=6");
  all.insert(all.end(), more.begin(), more.end());
  return small_deck(all);
}

/// The first and the last way of every grid of so many ranks, of which `ways` has the axes.
std::vector<Way> chosen() {
  const std::vector<Way> all = ways(world().size());
  return {all.front(), all[all.size() / 2], all.back()};
}

TEST(Bf16, NoBitDependsOnWhereNumbersLieOrWhatIsMadeOnceMore) {
  for (const Way& way : chosen()) {
    const Outcome once = train(deck_with(way, {}));
    EXPECT_FALSE(once.parameters.empty());
    for (const Overrides& more : {Overrides{},
                                  {"train.recompute=selective"},
                                  {"train.recompute=full"},
                                  {"train.memory=separate"},
                                  {"train.recompute=full", "train.memory=separate"}})
      EXPECT_TRUE(train(deck_with(way, more)) == once)
          << fmt::format("{} with {}", fmt::join(way.overrides("bf16"), " "), fmt::join(more, " "));
  }
}

/// A step's result is told later then.
TEST(Bf16, NoBitDependsOnWhenAStepIsValidated) {
  for (const Way& way : chosen()) {
    const Outcome before = train(deck_with(way, {}));
    for (const char* memory : {"train.memory=arena", "train.memory=separate"}) {
      const Outcome after = train(deck_with(way, {"optimizer.validate=after", memory}));
      EXPECT_EQ(after.evaluation, before.evaluation) << memory;
      EXPECT_TRUE(after.parameters == before.parameters) << memory;
    }
  }
}

/// Parameters lie elsewhere then.
void expect_the_same_losses(const Outcome& a, const Outcome& b, const std::string& what) {
  EXPECT_EQ(a.losses, b.losses) << what;
  EXPECT_EQ(a.evaluation, b.evaluation) << what;
}

TEST(Bf16, NoBitDependsOnCutsOrOnTheOrderOfTheAxes) {
  for (const Way& way : chosen()) {
    SCOPED_TRACE(fmt::format("{}", fmt::join(way.overrides("bf16"), " ")));
    const Outcome once = train(deck_with(way, {"optimizer.clip=0"}));
    expect_the_same_losses(
        train(deck_with(way, {"optimizer.clip=0", R"(grid.order=["tensor","data","pipeline"])"})), once,
        "order");
    if (way.pipeline == 2)
      expect_the_same_losses(train(deck_with(way, {"optimizer.clip=0", "pipeline.cuts=[1]"})), once, "cuts");
    if (way.pipeline > 1)
      expect_the_same_losses(train(deck_with(way, {"optimizer.clip=0", "pipeline.tied=transmit"})), once,
                             "tied");
  }
}

/// A step whose gradient turns out to be clipped is taken back and made once more.
void expect_the_same_step_once_more(const Way& way, Overrides saving) {
  saving.push_back("optimizer.clip=0.1");
  const Outcome before = train(deck_with(way, saving));
  saving.push_back("optimizer.validate=after");
  EXPECT_TRUE(train(deck_with(way, saving)).parameters == before.parameters);
}

/// In fp32 too, what is bf16 of parameters and moments is rounded by numbers that belong to its place.
TEST(Bf16, NoBitDependsOnHowParametersAndMomentsThatAreBf16Lie) {
  const std::vector<Overrides> savings = {
      {"train.precision=fp32", "optimizer.moments=bf16"},
      {"train.precision=bf16", "optimizer.moments=bf16"},
      {"train.precision=bf16", "optimizer.masters=none"},
      {"train.precision=bf16", "optimizer.masters=none", "optimizer.moments=bf16"}};
  for (const auto& [saving, way] : some_pairs(savings, chosen())) {
    Overrides narrow = saving;
    narrow.push_back("optimizer.clip=0");
    const auto with = [&layout = way, &narrow](Overrides more) {
      more.insert(more.begin(), narrow.begin(), narrow.end());
      return deck_with(layout, more);
    };
    Training run(with({}));
    const plan::Plan wide = plan::make(deck_with(way, {}));
    const auto moments = [](const plan::Plan& plan) {
      return plan.memory(world().rank()).training[schedule::FixedPool::moments].bytes();
    };
    const bool halves = saving.back() == "optimizer.moments=bf16";
    EXPECT_LE(moments(run.plan), moments(wide) / (halves ? 2 : 1) + 256 * 200) << "padding";
    EXPECT_EQ(run.trainer.allocated(), run.plan.memory(world().rank()).bytes());
    const Outcome once = train(run.deck);
    EXPECT_TRUE(train(with({"train.memory=separate"})) == once);
    const Outcome after = train(with({"optimizer.validate=after"}));
    EXPECT_TRUE(after.parameters == once.parameters);
    EXPECT_EQ(after.evaluation, once.evaluation);
    if (way.pipeline > 1) expect_the_same_losses(train(with({"pipeline.tied=transmit"})), once, "tied");
    EXPECT_NE(train(deck_with(way, {saving.front(), "optimizer.clip=0"})).losses, once.losses)
        << "they are rounded";
    expect_the_same_step_once_more(way, saving);
  }
}

/// Gradients that are sent as bf16 are rounded where ranks share parameters, and alike however they are held.
TEST(Bf16, GradientsThatAreSentAsBf16AreRoundedWhereTheyAreSent) {
  for (const char* precision : {"train.precision=fp32", "train.precision=bf16"})
    for (const Way& way : chosen()) {
      const auto with = [&](const char* gradients, const char* memory) {
        return deck_with(way, {precision, "optimizer.clip=0", gradients, memory});
      };
      const Outcome wide = train(with("comm.gradients=wide", "train.memory=arena"));
      Training run(with("comm.gradients=bf16", "train.memory=arena"));
      EXPECT_EQ(run.trainer.allocated(), run.plan.memory(world().rank()).bytes());
      const Outcome narrow = train(run.deck);
      EXPECT_TRUE(train(with("comm.gradients=bf16", "train.memory=separate")) == narrow);
      const bool shared = std::ranges::any_of(run.plan.training.ranks,
                                              [](const auto& rank) { return !rank.buckets.empty(); });
      EXPECT_EQ(narrow.losses != wide.losses, shared);
    }
}

/// Schedules that sum as 1F1B does give its bits; of every one a rank allocates what its plan says.
TEST(Bf16, SchedulesThatSumAs1F1BTrainAsItDoes) {
  const int pipeline = world().size();
  if (pipeline == 1) GTEST_SKIP() << "one rank is no pipeline";
  const Way way{1, pipeline, 1, 2 * pipeline, "1f1b", false, {4 * pipeline, 16}};
  const Overrides common = {"optimizer.clip=0", "model.layers=16", "train.steps=4"};
  const Outcome wanted = train(deck_with(way, common));
  for (const ScheduleWay& one : schedule_ways()) {
    if (!one.fits(pipeline, way.microbatches, 16)) continue;
    Overrides all = common;
    all.push_back("pipeline.schedule=" + one.schedule);
    all.push_back(fmt::format("pipeline.chunks={}", one.chunks));
    Training run(deck_with(way, all));
    EXPECT_EQ(run.trainer.allocated(), run.plan.memory(world().rank()).bytes()) << one.schedule;
    if (one.sums_as_1f1b) expect_the_same_losses(train(run.deck), wanted, one.schedule);
  }
}

}  // namespace
}  // namespace heddle::tests
