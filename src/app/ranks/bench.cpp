#include "heddle/bench/bench.hpp"

#include <optional>

#include "commands.hpp"
#include "heddle/bench/machine.hpp"
#include "heddle/comm/carrier.hpp"
#include "heddle/deck/check.hpp"
#include "heddle/kernels/runtime.hpp"

namespace heddle::app {

void bench(const BenchArguments& arguments, comm::World& world) {
  std::optional<deck::Deck> deck;
  if (!arguments.deck.file.empty()) {
    deck = read_deck(arguments.deck, deck::Purpose::training, world);
    deck::check_ranks(*deck, world.size());
    world.watchdog().set_timeout(deck->comm.timeout);
  }
  const kernels::Runtime runtime(world.rank_on_host());
  comm::choose_carrier(world, lanes::device_lane(), comm::Wish{deck && deck->comm.device_aware});
  if (arguments.machine.empty()) return bench::run(*deck, world, arguments.settings);
  bench::MachineSettings settings{.file = arguments.machine, .overwrite = arguments.settings.overwrite};
  if (deck) settings.attention = bench::attention_of(*deck);
  bench::measure_machine(world, settings);
}

}  // namespace heddle::app
