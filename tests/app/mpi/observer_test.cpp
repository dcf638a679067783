// Who observes a step is told of all of its work, one piece after the other, and changes nothing.
#include "heddle/exec/observer.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

using exec::Piece;
using exec::Work;
using passes::Phase;

class Recorder final : public exec::Observer {
 public:
  void before(const Piece& piece) override {
    EXPECT_FALSE(open) << "a piece lies within another";
    open = true;
    opened = piece;
  }
  void after(const Piece& piece) override {
    EXPECT_TRUE(open && piece.work == opened.work && piece.node == opened.node);
    open = false;
    pieces.push_back(piece);
  }
  int count(Work work) const { return static_cast<int>(std::ranges::count(pieces, work, &Piece::work)); }

  std::vector<Piece> pieces;
  bool open = false;
  Piece opened{};
};

deck::Deck deck_for(int ranks) {
  const int pipeline = ranks % 2 == 0 ? 2 : 1, rest = ranks / pipeline, tensor = rest % 2 == 0 ? 2 : 1;
  return small_deck({fmt::format("grid.pipeline={}", pipeline), fmt::format("grid.tensor={}", tensor),
                     fmt::format("grid.data={}", rest / tensor),
                     fmt::format("train.batch={}", 8 * rest / tensor), "pipeline.microbatches=4",
                     "train.loss_rows=15"});  // of 32 that a rank has
}

TEST(Observer, IsToldOfEveryNodeOnceAMicrobatchAndOfWhatAStepEndsWith) {
  const deck::Deck deck = deck_for(world().size());
  const app::Blueprint blueprint = app::draw(deck);
  const exec::Clock clock;
  app::Trainer trainer(deck, blueprint, world(), clock);
  Recorder recorder;
  trainer.step(0, made_up_batch(deck, trainer.first_sample(), trainer.sample_count()), {}, &recorder);
  EXPECT_FALSE(recorder.open);

  std::map<int, int> times;
  for (const Piece& piece : recorder.pieces)
    if (piece.work == Work::node) ++times[piece.node];
  const passes::Program& program = trainer.engine().program();
  for (int node = 0; node < static_cast<int>(program.phases.size()); ++node) {
    const Phase phase = program.phases[node];
    if (phase == Phase::epilogue) continue;  // buckets may stand for it
    const int chunks = phase == Phase::loss ? 3 : 1;
    EXPECT_EQ(times[node], phase == Phase::prologue ? 1 : deck.pipeline.microbatches * chunks) << node;
  }
  EXPECT_EQ(recorder.count(Work::load), 1);
  EXPECT_EQ(recorder.count(Work::norm), 1);
  EXPECT_EQ(recorder.count(Work::update), 1);
  const int sides = deck.grid.pipeline - 1;  // a stage of two has one neighbour: as many sends as receives
  EXPECT_EQ(recorder.count(Work::message), 2 * sides * deck.pipeline.microbatches);
}

TEST(Observer, ChangesNoBit) {
  const deck::Deck deck = deck_for(world().size());
  const app::Blueprint blueprint = app::draw(deck);
  const exec::Clock clock;
  app::Trainer watched(deck, blueprint, world(), clock), alone(deck, blueprint, world(), clock);
  const data::Batch batch = made_up_batch(deck, alone.first_sample(), alone.sample_count());
  Recorder recorder;
  for (int step = 0; step < 2; ++step)
    EXPECT_EQ(watched.step(step, batch, {}, &recorder).loss, alone.step(step, batch).loss);
  EXPECT_EQ(bits_of(watched.parameters()), bits_of(alone.parameters()));
}

}  // namespace
}  // namespace heddle::tests
