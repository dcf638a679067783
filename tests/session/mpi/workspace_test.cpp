// What a library works in is memory of the arena: that anything may lie there before and after a node runs changes no bit,
// not even of a map that is still under way.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

/// Does with each workspace what a library may do, and is late in some of the maps.
class Spoils final : public exec::Observer {
 public:
  explicit Spoils(const exec::Arena& arena) : arena_(arena) {}
  bool watches_pieces() const override { return true; }
  void piece_begins(const exec::Piece& piece) override {
    spoil(piece);
    if (piece.work == exec::Work::map && ++maps_ % 3 == world().rank() % 3)
      std::this_thread::sleep_for(std::chrono::microseconds(300));
  }
  void piece_ended(const exec::Piece& piece) override { spoil(piece); }
  int spoiled() const { return spoiled_; }

 private:
  void spoil(const exec::Piece& piece) {
    if (piece.work != exec::Work::node && piece.work != exec::Work::recompute) return;
    const Tensor workspace = arena_.workspace(piece.node);
    if (!workspace.data) return;
    lane().fill(workspace, 0xff);
    ++spoiled_;
  }

  const exec::Arena& arena_;
  int maps_ = 0, spoiled_ = 0;
};

std::vector<std::byte> parameters_after(const deck::Deck& deck, bool spoils) {
  plan::Options options = plan::options_of(deck);
  options.attention = AttentionBy::library;
  const plan::Plan plan = plan::make(options);
  const exec::Clock clock;
  session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, lane());
  const data::Batch batch = made_up_batch(deck, trainer.first_sample(), trainer.sample_count());
  Spoils observer(trainer.engine().arena());
  for (int step = 0; step < 2; ++step) trainer.step(step, batch, spoils ? &observer : nullptr);
  if (spoils) {
    EXPECT_GE(observer.spoiled(), 8);
  }
  return bits_of(trainer.parameters());
}

TEST(Workspace, HoldsNothingThatAnybodyNeeds) {
  const int tensor = world().size() % 2 == 0 ? 2 : 1;
  for (const char* recompute : {"none", "full"})
    for (const char* memory : {"arena", "separate"}) {
      const deck::Deck deck =
          small_deck({"grid.tensor=" + std::to_string(tensor),
                      "grid.pipeline=" + std::to_string(world().size() / tensor), "pipeline.microbatches=2",
                      "train.batch=8", "train.precision=bf16", "model.dropout=0",
                      std::string("train.recompute=") + recompute, std::string("train.memory=") + memory});
      EXPECT_EQ(parameters_after(deck, false), parameters_after(deck, true))
          << "recompute " << recompute << ", memory " << memory;
    }
}

}  // namespace
}  // namespace heddle::tests
