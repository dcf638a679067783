#include <deque>

#include "commands.hpp"
#include "heddle/deck/check.hpp"
#include "heddle/kernels/runtime.hpp"
#include "heddle/session/fault.hpp"
#include "heddle/session/session.hpp"

namespace heddle::app {

namespace {

/// From its beginning, or as far as a checkpoint has it, to its end or to what it stumbles over.
std::optional<session::Samples> run_once(const deck::Deck& deck, std::vector<session::Fault>& faults,
                                         const session::Manner& manner, comm::World& world) {
  session::Session session(deck, world, manner);
  std::deque<session::FaultInjector> injectors;
  for (session::Fault& fault : faults)
    session.observe(injectors.emplace_back(fault, session.plan(), session.trainer(), world));
  return session.run();
}

}  // namespace

void run(const RunArguments& arguments, comm::World& world) {
  const session::StopSignals signals(world.rank());
  std::vector<session::Fault> faults;
  for (const std::string& text : arguments.faults) faults.push_back(session::read_fault(text));
  const deck::Deck deck = read_deck(arguments.deck, deck::Purpose::training, world);
  deck::check_ranks(deck, world.size());
  world.watchdog().set_timeout(deck.comm.timeout);
  const kernels::Runtime runtime(world.rank_on_host());
  session::Manner manner{
      .earlier = arguments.overwrite ? session::EarlierRun::replaced : session::EarlierRun::refused,
      .signals = &signals,
      .restart = arguments.restart,
      .voice = arguments.quiet ? session::Progress::Voice::silent : session::Progress::Voice::speaks};
  while (const auto stumbled_over = run_once(deck, faults, manner, world)) {
    manner.pass_over.push_back(*stumbled_over);
    manner.earlier = session::EarlierRun::refused;
    manner.restart = "";  // what is in its folder
  }
}

}  // namespace heddle::app
