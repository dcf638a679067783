// A map is waited for where its memory is touched: ranks that are late in each of them change no bit
// of the result.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <thread>

#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

/// Sleeps before some of the maps, so that the other ranks come to their use long before they are done.
class Late final : public exec::Observer {
 public:
  bool watches_pieces() const override { return true; }
  void piece_begins(const exec::Piece& piece) override {
    if (piece.work == exec::Work::wait && piece.node >= 0 && ++looks_[piece.node] == 2) ++outlasted_;
    if (piece.work != exec::Work::map) return;
    looks_[piece.node] = 0;
    if (++maps_ % 3 == world().rank() % 3) std::this_thread::sleep_for(std::chrono::microseconds(300));
  }

  /// How many maps were still under way when a node behind them had run: looked at before it, and again.
  int outlasted() const { return outlasted_; }

 private:
  std::map<int, int> looks_;  ///< at a map since it was started
  int maps_ = 0, outlasted_ = 0;
};

std::vector<std::byte> parameters_after(const deck::Deck& deck, bool late, int* outlasted = nullptr) {
  const plan::Plan plan = plan::make(deck);
  const exec::Clock clock;
  session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, lane());
  const data::Batch batch = made_up_batch(deck, trainer.first_sample(), trainer.sample_count());
  Late observer;
  for (int step = 0; step < 2; ++step) trainer.step(step, batch, late ? &observer : nullptr);
  if (outlasted) *outlasted = observer.outlasted();
  return bits_of(trainer.parameters());
}

TEST(LateMaps, ChangeNoBit) {
  const int tensor = world().size() % 4 == 0 ? 4 : world().size() % 2 == 0 ? 2 : 1;
  for (const char* sequence_parallel : {"false", "true"})
    for (const char* memory : {"arena", "separate"}) {
      if (tensor == 1) continue;
      const deck::Deck deck =
          small_deck({"grid.tensor=" + std::to_string(tensor),
                      "grid.pipeline=" + std::to_string(world().size() / tensor), "pipeline.microbatches=2",
                      "train.batch=8", std::string("grid.sequence_parallel=") + sequence_parallel,
                      std::string("train.memory=") + memory});
      int outlasted = 0;
      EXPECT_EQ(parameters_after(deck, false), parameters_after(deck, true, &outlasted))
          << "sequence_parallel " << sequence_parallel << ", memory " << memory;
      EXPECT_GT(outlasted, 0);
    }
}

}  // namespace
}  // namespace heddle::tests
