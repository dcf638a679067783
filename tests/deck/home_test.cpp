// ~ in a deck's paths.
#include <gmock/gmock.h>

#include <cstdlib>

#include "support.hpp"

namespace heddle::deck {
namespace {

class Home : public testing::Test {
 protected:
  Home() { ::setenv("HOME", "/home/ada", 1); }
  ~Home() override { ::setenv("HOME", before_.c_str(), 1); }

 private:
  std::string before_ = std::getenv("HOME") ? std::getenv("HOME") : "";
};

TEST_F(Home, IsKnownInEveryPath) {
  const Deck deck = parse(good +
                              "[data]\ntokens = \"~/t.h5\"\n[output]\ndirectory = "
                              "\"~\"\n[pipeline]\nschedule = \"file:~/r.csv\"\n",
                          "d.toml", Lines{"cost.from=~/b.json", "cost.machine=~/m.toml"});
  EXPECT_EQ(deck.data.tokens, "/home/ada/t.h5");
  EXPECT_EQ(deck.output.directory, "/home/ada");
  EXPECT_EQ(deck.pipeline.schedule, "file:/home/ada/r.csv");
  EXPECT_EQ(deck.cost.from, "/home/ada/b.json");
  EXPECT_EQ(deck.cost.machine, "/home/ada/m.toml");
  EXPECT_EQ(parse(good, "d.toml", Lines{"data.tokens=a/~b"}).data.tokens, "a/~b");
}

TEST_F(Home, OfAnotherUserIsRefused) {
  EXPECT_THAT(
      complaints_with({"data.tokens=~bob/t.h5"}),
      testing::ElementsAre(
          "command line: data.tokens=~bob/t.h5: data.tokens = \"~bob/t.h5\" is in another user's home "
          "(only ~/, your own, is known); "
          "write the whole path, or ./~ for a file of that name"));
  ::unsetenv("HOME");
  EXPECT_THAT(
      complaints_of(good + "[data]\ntokens = \"~/t.h5\"\n"),
      testing::ElementsAre(
          "d.toml:11:1: data.tokens = \"~/t.h5\" is in no home (HOME is not set); write the whole path"));
}

}  // namespace
}  // namespace heddle::deck
