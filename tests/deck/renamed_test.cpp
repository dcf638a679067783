// Keys and values that had another name once: a person is told the new one, files that a program wrote are read.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "heddle/deck/read.hpp"
#include "support.hpp"

namespace heddle::deck {
namespace {

TEST(Renamed, AKeyThatHasAnotherNameNowIsRefusedFromAPersonAndReadInAFileOfAProgram) {
  const std::string text = good + "dtype = \"fp64\"\n";
  EXPECT_THAT(
      complaints([&] { parse(text, "d.toml"); }),
      testing::ElementsAre(testing::HasSubstr(
          "train.dtype is no key of a deck any more (it has another name now); write train.precision")));
  EXPECT_EQ(restore(text, "run.h5").train.precision, Precision::fp64);
}

TEST(Renamed, ABooleanThatIsAWordNowIsRefusedFromAPersonAndReadInAFileOfAProgram) {
  const std::string text = good + "precision = \"bf16\"\n[optimizer]\nmasters = ";
  for (const auto& [before, word, masters] :
       {std::tuple("true", "wide", Masters::wide), {"false", "none", Masters::none}}) {
    EXPECT_THAT(complaints([&] { parse(text + before, "d.toml"); }),
                testing::ElementsAre(testing::EndsWith(fmt::format(
                    "optimizer.masters = {} is a word now (there are more than two choices); write \"{}\"",
                    before, word))));
    EXPECT_EQ(complaints([&] {
                parse(text + "\"wide\"", "d.toml", Lines{fmt::format("optimizer.masters={}", before)});
              }).size(),
              1u);
    EXPECT_EQ(restore(text + before, "run.h5").optimizer.masters, masters);
    EXPECT_EQ(parse(fmt::format("{}\"{}\"", text, word), "d.toml").optimizer.masters, masters);
  }
  EXPECT_FALSE(complaints([&] { restore(text + "1", "run.h5"); }).empty());
}

}  // namespace
}  // namespace heddle::deck
