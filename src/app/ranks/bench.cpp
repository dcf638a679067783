#include "heddle/bench/bench.hpp"

#include "commands.hpp"
#include "heddle/comm/carrier.hpp"
#include "heddle/deck/check.hpp"
#include "heddle/kernels/runtime.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::app {

void bench(const BenchArguments& arguments, comm::World& world) {
  const deck::Deck deck =
      plan::read_deck(arguments.deck.file, arguments.deck.overrides, deck::Purpose::training);
  deck::check_ranks(deck, world.size());
  world.watchdog().set_timeout(deck.comm.timeout);
  const kernels::Runtime runtime;
  comm::choose_carrier(world, lanes::device_lane());
  bench::run(deck, world, arguments.settings);
}

}  // namespace heddle::app
