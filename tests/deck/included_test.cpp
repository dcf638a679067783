// Figures that a deck takes from other files: a machine, and what was measured.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "heddle/base/input_path.hpp"
#include "heddle/deck/check.hpp"
#include "heddle/deck/print.hpp"
#include "support.hpp"

namespace heddle::deck {
namespace {

namespace fs = std::filesystem;

class Included : public testing::Test {
 protected:
  Included() { fs::create_directory(folder_); }
  ~Included() override { fs::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) const {
    const fs::path path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
  }
  static std::string message(const std::string& deck, const Lines& overrides = {}) {
    try {
      check(read(deck, overrides, Purpose::simulation), Purpose::simulation);
    } catch (const DeckError& error) {
      return error.what();
    }
    return "";
  }

 private:
  fs::path folder_ = fs::path(testing::TempDir()) / ("included-" + std::to_string(::getpid()));
};

TEST_F(Included, TheDeckIsStrongerThanTheMeasurement) {
  const std::string bench =
      file("bench.json", R"({"cost": {"forward": [1.5, 2], "send": 0.25, "step": [3, 4]}, "x": 1})");
  const std::string deck =
      file("d.toml", "[pipeline]\nranks = 2\n[cost]\nfrom = \"" + bench + "\"\nsend = 0.5\n");
  const Deck one = read(deck, Lines{"cost.step=7"}, Purpose::simulation);
  EXPECT_NO_THROW(check(one, Purpose::simulation));
  EXPECT_EQ(one.cost[Figure::forward].values, (std::vector<double>{1.5, 2}));
  EXPECT_EQ(one.cost[Figure::send].values, std::vector<double>{0.5});
  EXPECT_EQ(one.cost[Figure::step].values, std::vector<double>{7});
  EXPECT_EQ(one.at("cost.forward"), bench);
  EXPECT_EQ(one.at("cost.send"), deck + ":5:1");
  const Deck again = parse(resolved(one), "again.toml", {}, Purpose::simulation);
  EXPECT_EQ(again.cost, one.cost);
}

TEST_F(Included, AMeasurementIsOfAVersionThatIsKnown) {
  const auto said = [&](const std::string& version) {
    const std::string bench = file("bench.json", "{" + version + R"("cost": {"forward": 1.5}})");
    return message(file("d.toml", "[pipeline]\nranks = 2\n[cost]\nfrom = \"" + bench + "\"\n"));
  };
  EXPECT_EQ(said(""), "");  // as it was written before there were versions
  EXPECT_EQ(said(R"("version": 2, )"), "");
  EXPECT_THAT(said(R"("version": 3, )"),
              testing::HasSubstr("bench.json is of version 3 (this program reads versions 1 and 2)"));
  EXPECT_THAT(said(R"("version": "two", )"), testing::HasSubstr("bench.json holds no costs ("));
}

TEST_F(Included, AMachineStandsInTheDeckAfterwards) {
  const std::string machine = file("m.toml", "[machine]\nfp32 = 1e12\nlatency = 1e-6\n");
  const std::string deck = file(
      "d.toml", std::string(good) + "[cost]\nmachine = \"" + machine + "\"\n[machine]\nlatency = 2e-6\n");
  const Deck one = read(deck, {}, Purpose::simulation);
  EXPECT_EQ(one.machine.fp32, 1e12);
  EXPECT_EQ(one.machine.latency, 2e-6);
  EXPECT_EQ(parse(resolved(one), "again.toml").machine, one.machine);
}

TEST_F(Included, MistakesAreNamedWhereTheyStand) {
  const auto deck = [&](const std::string& cost) {
    return file("d.toml", "[pipeline]\nranks = 2\n[cost]\n" + cost);
  };
  EXPECT_EQ(message(deck("from = \"none.json\"\n")),
            deck("from = \"none.json\"\n") +
                ":4:1: cannot open none.json, a measurement (No such file or directory, " +
                where_looked("none.json") + "); write one with `heddle bench DECK --json FILE`");
  const std::string bench = file("bench.json", R"({"cost": {"forwards": 1}})");
  EXPECT_EQ(message(deck("from = \"" + bench + "\"\n")),
            bench +
                ": cost.forwards is no key of a deck (unknown names are never skipped); did you mean "
                "cost.forward?");
  const std::string nothing = file("nothing.json", "{}");
  EXPECT_THAT(message(deck("from = \"" + nothing + "\"\n")),
              testing::HasSubstr("nothing.json holds no costs ("));
  const std::string machine = file("m.toml", "[machine]\nfp31 = 1\n[model]\nlayers = 2\n");
  const std::string said = message(deck("machine = \"" + machine + "\"\n"));
  EXPECT_THAT(said, testing::HasSubstr(machine + ":2:1: machine.fp31 is no key of a deck"));
  EXPECT_THAT(said, testing::HasSubstr(machine + ":3:2: model has no place in a machine's file"));
  EXPECT_THAT(said, testing::HasSubstr("model.layers is missing"));
}

TEST_F(Included, TheMachinesOfInputsCanBeRead) {
  int machines = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(HEDDLE_SOURCE_DIR) / "inputs/machines")) {
    const Deck one = read(file("d.toml", good), Lines{"cost.machine='" + entry.path().string() + "'"},
                          Purpose::simulation);
    EXPECT_GT(one.machine.fp32, 0) << entry.path();
    EXPECT_GT(one.machine.memory, 0) << entry.path();
    EXPECT_NO_THROW(check(one, Purpose::simulation));
    ++machines;
  }
  EXPECT_GE(machines, 3);
}

TEST_F(Included, CostsAreOneOrOneAStage) {
  const auto said = [&](const std::string& cost) {
    return message(file("d.toml", "[pipeline]\nranks = 2\nchunks = 2\n[cost]\n" + cost));
  };
  EXPECT_EQ(said("forward = 2\nbackward = [1, 2, 3, 4]\nsend = [1, 2, 3]\n"), "");
  EXPECT_THAT(
      said("forward = [1, 2]\n"),
      testing::HasSubstr(
          "d.toml:5:1: cost.forward has 2 numbers (there are 4 stages); give 4, or try cost.forward = 1"));
  EXPECT_THAT(
      said("send = [1, 2]\n"),
      testing::HasSubstr(
          "cost.send has 2 numbers (there are 3 borders between stages); give 3, or try cost.send = 1"));
  EXPECT_THAT(said("forward = -1\n"), testing::HasSubstr("cost.forward = -1 is out of range"));
  EXPECT_THAT(said("forward = [1, \"x\"]\n"),
              testing::HasSubstr("cost.forward[1] = \"x\" is a string, not a number"));
}

TEST_F(Included, AMachineAsksForAModelOnlyToSimulate) {
  const std::string machine = file("m.toml", "[machine]\nfp32 = 1e12\n[pipeline]\nranks = 2\n");
  EXPECT_THAT(message(machine), testing::HasSubstr("model.layers is missing"));
  EXPECT_NO_THROW(check(read(machine, {}, Purpose::schedule), Purpose::schedule));
}

TEST_F(Included, FiguresOfOtherStagesAreForgotten) {
  const std::string bench =
      file("bench.json", R"({"cost": {"forward": [1, 2], "step": [1, 1, 1], "blocks": [1, 2, 2, 1]}})");
  Deck one =
      read(file("d.toml", std::string(good) + "[grid]\npipeline = 3\n[cost]\nfrom = \"" + bench + "\"\n"));
  leave_out_other_stages(one);
  EXPECT_FALSE(one.cost[Figure::forward].given());
  EXPECT_EQ(one.at("cost.forward"), "default");
  EXPECT_EQ(one.cost[Figure::step].values.size(), 3);
  EXPECT_EQ(one.cost.blocks.size(), 4);
  one.cost[Figure::forward].values = {1, 2};  // as if the deck itself gave it
  one.positions["cost.forward"] = "d.toml:1:1";
  leave_out_other_stages(one);
  EXPECT_TRUE(one.cost[Figure::forward].given());
  EXPECT_THAT(complaints([&] { check(one); }),
              testing::Contains(testing::HasSubstr("cost.forward has 2 numbers")));
}

}  // namespace
}  // namespace heddle::deck
