// The table of keys as text: a resolved deck reads back, the committed reference is the generated one.
#include "heddle/deck/print.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support.hpp"

namespace heddle::deck {
namespace {

namespace fs = std::filesystem;
const fs::path root = HEDDLE_SOURCE_DIR;

void expect_round_trip(const Deck& deck) {
  const Deck again = parse(resolved(deck), "another name.toml");
  EXPECT_EQ(again.model, deck.model);
  EXPECT_EQ(again.data, deck.data);
  EXPECT_EQ(again.grid, deck.grid);
  EXPECT_EQ(again.pipeline, deck.pipeline);
  EXPECT_EQ(again.train, deck.train);
  EXPECT_EQ(again.optimizer, deck.optimizer);
  EXPECT_EQ(again.comm, deck.comm);
  EXPECT_EQ(again.output, deck.output);
}

TEST(Resolved, ReadsBackToTheSameDeck) {
  expect_round_trip(parse(good, "d.toml"));
  expect_round_trip(parse(
      good, "d.toml",
      Lines{"data.tokens='a \"b\" \\ ü.h5'", "data.order=sequential", "data.seed=9223372036854775807",
            "data.held_out=0.1234567890123456", "grid.order=['tensor', 'data', 'pipeline']", "grid.tensor=2",
            "grid.pipeline=2", "grid.sequence_parallel=true", "pipeline.cuts=[1]", "pipeline.schedule=gpipe",
            "train.precision=fp64", "train.sequence=7", "optimizer.rate=1e22", "optimizer.epsilon=5e-324",
            "optimizer.schedule=wsd", "optimizer.clip=0", "comm.timeout=1e15", "output.events=false"}));
}

TEST(Resolved, TheDecksOfInputsPassTheirChecks) {
  int decks = 0;
  for (const auto& entry : fs::directory_iterator(root / "inputs")) {
    if (entry.path().extension() != ".toml") continue;
    SCOPED_TRACE(entry.path());
    const Deck deck = read(entry.path().string());
    EXPECT_NO_THROW(check(deck));
    EXPECT_NO_THROW(check_ranks(deck, deck.grid.data * deck.grid.pipeline * deck.grid.tensor));
    EXPECT_FALSE(deck.data.tokens.empty());
    expect_round_trip(deck);
    ++decks;
  }
  EXPECT_GE(decks, 4);
}

TEST(Resolved, TheFirstDeckRunsOnFourRanksAndWithOneOverrideOnEight) {
  EXPECT_NO_THROW(check_ranks(read((root / "inputs/first.toml").string()), 4));
  const Deck eight = read((root / "inputs/first.toml").string(), Lines{"grid.data=2"});
  EXPECT_NO_THROW(check(eight));
  EXPECT_NO_THROW(check_ranks(eight, 8));
}

/// HEDDLE_UPDATE=1 writes the file anew.
TEST(Reference, TheCommittedOneIsTheGenerated) {
  const fs::path file = root / "docs/deck_reference.md";
  if (std::getenv("HEDDLE_UPDATE")) std::ofstream(file) << reference();
  std::ostringstream committed;
  committed << std::ifstream(file).rdbuf();
  EXPECT_EQ(committed.str(), reference()) << "HEDDLE_UPDATE=1 ctest -R deck.Reference writes " << file;
}

}  // namespace
}  // namespace heddle::deck
