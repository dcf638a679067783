#include <deque>

#include "fault.hpp"
#include "heddle/app/commands.hpp"
#include "heddle/app/drawn_schedule.hpp"
#include "heddle/app/session.hpp"
#include "heddle/deck/check.hpp"
#include "heddle/kernels/lane.hpp"

namespace heddle::app {

void run(const RunArguments& arguments, comm::World& world) {
  std::vector<Fault> faults;
  for (const std::string& text : arguments.faults) faults.push_back(read_fault(text));
  const deck::Deck deck = read_deck(arguments.deck.file, arguments.deck.overrides, deck::Purpose::training);
  deck::check_ranks(deck, world.size());
  const kernels::Runtime runtime;
  Session session(deck, world);
  std::deque<FaultInjector> injectors;
  for (const Fault& fault : faults)
    session.observe(injectors.emplace_back(fault, session.blueprint(), session.trainer(), world));
  session.run();
}

}  // namespace heddle::app
