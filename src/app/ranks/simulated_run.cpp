#include "heddle/app/simulated_run.hpp"

#include <limits>
#include <sstream>

#include "heddle/io/run_file.hpp"
#include "heddle/schedule/text.hpp"

namespace heddle::app {
namespace {

io::RunHeader header_of(const plan::Simulation& simulation, const DeckTexts& deck) {
  const int ranks = simulation.schedule.ranks();
  io::RunHeader header;
  header.run = io::new_run_id();
  header.deck_given = deck.given;
  header.overrides = deck.overrides;
  header.deck_resolved = deck.resolved;
  header.hosts.assign(ranks, "simulated");
  header.grid = maps::Grid({1, ranks, 1});
  std::istringstream rows(schedule::write(simulation.schedule));
  for (std::string row; std::getline(rows, row);) header.actions.push_back(row);
  return header;
}

}  // namespace

void write_run(const std::string& path, const plan::Simulation& simulation, const DeckTexts& deck,
               std::int64_t tokens) {
  io::RunFile file(path, header_of(simulation, deck));
  std::vector<std::vector<io::EventRow>> events(simulation.schedule.ranks());
  for (int rank = 0; rank < simulation.schedule.ranks(); ++rank)
    for (const schedule::Event& event : simulation.timeline[rank]) events[rank].push_back({1, event});
  file.add(events);
  file.add(io::StepRow{.step = 1,
                       .loss = std::numeric_limits<double>::quiet_NaN(),
                       .gradient_norm = std::numeric_limits<double>::quiet_NaN(),
                       .tokens = tokens,
                       .seconds = simulation.step});
  file.finish();
}

}  // namespace heddle::app
