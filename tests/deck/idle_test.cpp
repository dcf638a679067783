// Keys that do nothing: refused where one person wrote both, taken out and told of where an override makes them idle.
#include <gmock/gmock.h>

#include "support.hpp"

namespace heddle::deck {
namespace {

using testing::ElementsAre;

Lines refusals(const std::string& more, const Lines& overrides = {}) {
  return complaints([&] {
    Deck deck = parse(good + more, "d.toml", overrides);
    leave_out_idle(deck);
  });
}

TEST(Idle, BesideWhatStandsInTheSameFileItIsRefused) {
  EXPECT_THAT(
      refusals("[optimizer]\nschedule = \"constant\"\nfinal_rate = 1e-5\n"),
      ElementsAre(
          "d.toml:12:1: optimizer.final_rate = 1e-05 does nothing, as optimizer.schedule = \"constant\" "
          "(the rate never falls); leave it out, or try optimizer.schedule = \"cosine\""));
  const char* others[] = {"[optimizer]\nschedule = \"constant\"\ndecay = 3\n",
                          "[pipeline]\nwindow = 4\n",
                          "[pipeline]\ncuts = [1]\nbalance = \"flops\"\n",
                          "[cost]\nblocks = [1, 1, 1, 1]\n",
                          "[data]\norder = \"sequential\"\nseed = 7\n",
                          "memory_limit_mib = 7\n",
                          "evaluate_every = 5\n[data]\nheld_out = 0\n",
                          "evaluate_windows = 5\n[data]\nheld_out = 0\n",
                          "[optimizer]\nmasters = \"none\"\n",
                          "precision = \"fp64\"\n[optimizer]\nmasters = \"remainder\"\n"};
  for (const std::string one : others)
    EXPECT_THAT(refusals(one), ElementsAre(testing::HasSubstr(" does nothing, as "))) << one;
}

TEST(Idle, AnOverrideThatDoesNothingIsRefusedToo) {
  EXPECT_THAT(refusals("[optimizer]\nschedule = \"constant\"\n", {"optimizer.decay=3"}),
              ElementsAre(testing::StartsWith(
                  "command line: optimizer.decay=3: optimizer.decay = 3 does nothing, as ")));
  EXPECT_EQ(refusals("", {"optimizer.schedule=constant", "optimizer.decay=3"}).size(), 1U);
}

TEST(Idle, OneReasonIsSaidOnce) {
  EXPECT_EQ(refusals("evaluate_every = 5\nevaluate_windows = 5\n[data]\nheld_out = 0\n").size(), 1U);
}

TEST(Idle, WhatAnOverrideMakesIdleIsTakenOutAndSaid) {
  const std::string text = good + "evaluate_every = 5\n[optimizer]\nfinal_rate = 1e-5\ndecay = 3\n";
  Deck deck = parse(text, "d.toml", Lines{"optimizer.schedule=constant", "data.held_out=0"});
  leave_out_idle(deck);
  EXPECT_THAT(
      deck.remarks,
      ElementsAre(
          "d.toml:10:1: train.evaluate_every = 5 does nothing, as data.held_out = 0.0 (there is nothing to "
          "evaluate on)",
          "d.toml:12:1: optimizer.final_rate = 1e-05 does nothing, as optimizer.schedule = \"constant\" "
          "(the rate never falls)",
          "d.toml:13:1: optimizer.decay = 3 does nothing, as optimizer.schedule = \"constant\" (the rate "
          "never falls)"));
  EXPECT_EQ(deck.optimizer.final_rate, Optimizer().final_rate);
  Deck again = parse(resolved(deck), "full.toml");
  leave_out_idle(again);
  EXPECT_TRUE(again.remarks.empty());
  EXPECT_EQ(again.optimizer, deck.optimizer);
}

TEST(Idle, SoIsWhatAnOverrideGivesUp) {
  Deck deck =
      parse(good + "recompute = \"auto\"\nmemory_limit_mib = 7\n", "d.toml", Lines{"train.recompute="});
  leave_out_idle(deck);
  EXPECT_EQ(deck.remarks.size(), 1U);
  EXPECT_EQ(deck.train.memory_limit_mib, 0);
}

TEST(Idle, WhatIsUsedOrIsTheDefaultStays) {
  for (const std::string one :
       {"[optimizer]\nschedule = \"wsd\"\ndecay = 3\nfinal_rate = 1e-5\n",
        "[optimizer]\nschedule = \"constant\"\nfinal_rate = 3e-5\n",
        "recompute = \"auto\"\nmemory_limit_mib = 7\n", "[pipeline]\nschedule = \"dynamic\"\nwindow = 4\n"})
    EXPECT_TRUE(refusals(one).empty()) << one;
}

}  // namespace
}  // namespace heddle::deck
