// heddle simulate: what a step of the deck's pipeline will take, before it runs.
#include "heddle/plan/simulation.hpp"

#include <fmt/format.h>

#include <limits>
#include <sstream>

#include "heddle/app/commands.hpp"
#include "heddle/base/aside_file.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/plan/from_deck.hpp"
#include "heddle/schedule/text.hpp"

namespace heddle::app {
namespace {

/// As a run of the pipeline alone: the other axes of the grid repeat it.
io::RunHeader header_of(const plan::Simulation& simulation, const deck::Deck& deck) {
  const int ranks = simulation.schedule.ranks();
  io::RunHeader header;
  header.deck_given = deck.text;
  header.overrides = deck.overrides;
  header.deck_resolved = deck::resolved(deck);
  header.hosts.assign(ranks, "simulated");
  header.grid = maps::Grid({1, ranks, 1});
  std::istringstream rows(schedule::write(simulation.schedule));
  for (std::string row; std::getline(rows, row);) header.actions.push_back(row);
  return header;
}

void write_run(const std::string& path, const plan::Simulation& simulation, const deck::Deck& deck) {
  io::RunFile file(path, header_of(simulation, deck));
  for (int rank = 0; rank < simulation.schedule.ranks(); ++rank) {
    std::vector<io::EventRow> rows;
    for (const schedule::Event& event : simulation.timeline[rank]) rows.push_back({1, event});
    file.add(rank, rows);
  }
  file.add(io::StepRow{.step = 1,
                       .loss = std::numeric_limits<double>::quiet_NaN(),
                       .gradient_norm = std::numeric_limits<double>::quiet_NaN(),
                       .tokens = deck.train.batch * deck.train.sequence,
                       .seconds = simulation.step});
  file.finish();
}

}  // namespace

void simulate(const SimulateArguments& arguments) {
  const deck::Deck deck =
      plan::read_deck(arguments.deck.file, arguments.deck.overrides, deck::Purpose::simulation);
  const plan::Options options = plan::options_of(deck);
  const plan::Simulation simulation = plan::simulate(deck);
  if (!arguments.run_file.empty()) write_run(arguments.run_file, simulation, deck);
  if (!arguments.picture.empty()) plan::write_picture(arguments.picture, simulation, options);
  if (arguments.json == "-") {
    fmt::print("{}", json(simulation, options, deck.name));
    return;
  }
  if (!arguments.json.empty()) write_text(arguments.json, json(simulation, options, deck.name));
  fmt::print("{}", text(simulation, options));
}

}  // namespace heddle::app
