// Training steps, the last of which callgrind counts: `counted_step DECK`, as counts.py starts it.
#include <valgrind/callgrind.h>

#include "heddle/data/sampler.hpp"
#include "heddle/deck/check.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/kernels/runtime.hpp"
#include "heddle/plan/from_deck.hpp"
#include "heddle/session/session.hpp"

int main(int argc, char** argv) {
  using namespace heddle;
  comm::World world(argc, argv);
  return static_cast<int>(world.run([&] {
    const deck::Deck deck = deck::read(argc > 1 ? argv[1] : "", {});
    deck::check(deck);
    const kernels::Runtime runtime;
    const plan::Plan plan = plan::make(deck);
    const exec::Clock clock;
    session::Trainer trainer(session::options_of(deck), plan, world.all(), clock);
    const data::Batch batch = data::made_up_batch(deck.model.vocabulary, deck.train.sequence,
                                                  trainer.first_sample(), trainer.sample_count());
    for (std::int64_t step = 0; step < deck.train.steps; ++step) {
      if (step + 1 == deck.train.steps) CALLGRIND_START_INSTRUMENTATION;
      trainer.step(step, batch);
    }
    CALLGRIND_STOP_INSTRUMENTATION;
  }));
}
