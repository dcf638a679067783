// heddle simulate: what a step of the deck's pipeline will take, before it runs.
#include "heddle/plan/simulation.hpp"

#include <fmt/format.h>

#include "heddle/app/commands.hpp"
#include "heddle/app/simulated_run.hpp"
#include "heddle/base/aside_file.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::app {
void simulate(const SimulateArguments& arguments) {
  const deck::Deck deck =
      plan::read_deck(arguments.deck.file, arguments.deck.overrides, deck::Purpose::simulation);
  const plan::Options options = plan::options_of(deck);
  const plan::Simulation simulation = plan::simulate(deck);
  if (!arguments.run_file.empty())
    write_run(arguments.run_file, simulation, {deck.text, deck.overrides, deck::resolved(deck)},
              deck.train.batch * deck.train.sequence);
  if (!arguments.picture.empty()) plan::write_picture(arguments.picture, simulation, options);
  if (arguments.json == "-") {
    fmt::print("{}", json(simulation, options, deck.name));
    return;
  }
  if (!arguments.json.empty()) write_text(arguments.json, json(simulation, options, deck.name));
  fmt::print("{}", text(simulation, options));
}

}  // namespace heddle::app
