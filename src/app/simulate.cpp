// heddle simulate: what a step of the deck's pipeline will take, before it runs.
#include "heddle/plan/simulation.hpp"

#include <fmt/format.h>

#include <optional>

#include "heddle/app/commands.hpp"
#include "heddle/app/simulated_run.hpp"
#include "heddle/base/text_output.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::app {
void simulate(const SimulateArguments& arguments) {
  const deck::Deck deck = read_deck(arguments.deck, deck::Purpose::simulation);
  const plan::Options options = plan::options_of(deck);
  const bool any = arguments.overwrite;
  demand_replaceable(arguments.run_file, {marks::none, any});
  std::optional<TextOutput> picture, figures;
  if (!arguments.picture.empty()) picture.emplace(arguments.picture, Replacing{marks::picture, any});
  if (!arguments.json.empty()) figures.emplace(arguments.json, Replacing{marks::simulation, any});
  const plan::Simulation simulation = plan::simulate(deck);
  if (!arguments.run_file.empty())
    write_run(arguments.run_file, simulation, {deck.text, deck.overrides, deck::resolved(deck)},
              deck.train.batch * deck.train.sequence);
  if (picture) picture->write(plan::picture(simulation, options));
  if (figures) figures->write(json(simulation, options, deck.name));
  if (arguments.json != "-") fmt::print("{}", text(simulation, options));
}

}  // namespace heddle::app
