#include "heddle/app/commands.hpp"
#include "heddle/app/session.hpp"
#include "heddle/deck/check.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/kernels/lane.hpp"

namespace heddle::app {

void run(const DeckArguments& arguments, comm::World& world) {
  const deck::Deck deck = deck::read(arguments.file, arguments.overrides);
  deck::check(deck);
  deck::check_ranks(deck, world.size());
  const kernels::Runtime runtime;
  Session(deck, world).run();
}

}  // namespace heddle::app
