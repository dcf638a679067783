#include <deque>

#include "commands.hpp"
#include "heddle/deck/check.hpp"
#include "heddle/kernels/runtime.hpp"
#include "heddle/session/fault.hpp"
#include "heddle/session/session.hpp"

namespace heddle::app {

void run(const RunArguments& arguments, comm::World& world) {
  const session::StopSignals signals(world.rank());
  std::vector<session::Fault> faults;
  for (const std::string& text : arguments.faults) faults.push_back(session::read_fault(text));
  const deck::Deck deck = read_deck(arguments.deck, deck::Purpose::training, world);
  deck::check_ranks(deck, world.size());
  world.watchdog().set_timeout(deck.comm.timeout);
  const kernels::Runtime runtime(world.rank_on_host());
  session::Session session(
      deck, world,
      {.earlier = arguments.overwrite ? session::EarlierRun::replaced : session::EarlierRun::refused,
       .signals = &signals,
       .restart = arguments.restart,
       .voice = arguments.quiet ? session::Progress::Voice::silent : session::Progress::Voice::speaks});
  std::deque<session::FaultInjector> injectors;
  for (const session::Fault& fault : faults)
    session.observe(injectors.emplace_back(fault, session.plan(), session.trainer(), world));
  session.run();
}

}  // namespace heddle::app
