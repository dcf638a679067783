// heddle simulate: what a step of the deck's pipeline will take, before it runs.
#include "simulation.hpp"

#include <fmt/format.h>

#include <sstream>
#include <tuple>

#include "heddle/app/commands.hpp"
#include "heddle/app/deck_costs.hpp"
#include "heddle/app/drawn_schedule.hpp"
#include "heddle/app/machine_costs.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/io/aside_file.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/schedule/activations.hpp"
#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/lookahead.hpp"
#include "heddle/schedule/text.hpp"
#include "heddle/schedule/verify.hpp"
#include "picture.hpp"

namespace heddle::app {

Simulation simulated(const deck::Deck& deck) {
  const bool has_machine = deck.machine != deck::Machine();
  const schedule::Costs estimate = has_machine ? machine_costs(deck) : schedule::Costs();
  Simulation simulation{.schedule = {},
                        .costs = costs_of(deck, has_machine ? &estimate : nullptr),
                        .timeline = {},
                        .summary = {}};
  simulation.schedule = lower(drawn_schedule(deck, simulation.costs));
  const int lookahead = ample_lookahead(simulation.schedule, simulation.costs, deck.pipeline.lookahead);
  schedule::verify(simulation.schedule, lookahead);
  simulation.timeline = schedule::simulate(simulation.schedule, simulation.costs, lookahead);
  simulation.summary = summarize(simulation.timeline);
  simulation.step = simulation.summary.makespan + deck.cost.load;
  simulation.activations = peak_activations(simulation.schedule, deck.cost.weight_memory);
  simulation.bytes_in_flight = peak_bytes_in_flight(simulation.timeline, simulation.costs);
  const auto tokens = static_cast<double>(deck.train.batch * deck.train.sequence);
  if (tokens > 0) simulation.tokens = tokens / simulation.step;
  return simulation;
}

void write_picture(const std::string& path, const Simulation& simulation, const deck::Deck& deck) {
  const auto& [schedule, summary] = std::tie(simulation.schedule, simulation.summary);
  const int chunks = schedule.stages() / schedule.ranks();
  const bool in_seconds = deck.cost != deck::Cost(), short_step = in_seconds && summary.makespan < 1;
  write_png(path,
            {.schedule = schedule,
             .timeline = simulation.timeline,
             .title = fmt::format("{}: {} ranks{}, {} microbatches", deck.pipeline.schedule, schedule.ranks(),
                                  chunks > 1 ? fmt::format(" with {} stages each", chunks) : "",
                                  schedule.microbatches),
             .remark = fmt::format("bubble {:.1f} % of the makespan", 100 * summary.bubble_of_makespan()),
             .unit = short_step   ? "milliseconds"
                     : in_seconds ? "seconds"
                                  : "an F takes 1",
             .units = short_step ? 1e3 : 1});
}

namespace {

/// As a run of the pipeline alone: the other axes of the grid repeat it.
io::RunHeader header_of(const Simulation& simulation, const deck::Deck& deck) {
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

void write_run(const std::string& path, const Simulation& simulation, const deck::Deck& deck) {
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
  const deck::Deck deck = read_deck(arguments.deck.file, arguments.deck.overrides, deck::Purpose::simulation);
  const Simulation simulation = simulated(deck);
  if (!arguments.run_file.empty()) write_run(arguments.run_file, simulation, deck);
  if (!arguments.picture.empty()) write_picture(arguments.picture, simulation, deck);
  if (arguments.json == "-") {
    fmt::print("{}", json(simulation, deck));
    return;
  }
  if (!arguments.json.empty()) io::write_text(arguments.json, json(simulation, deck));
  fmt::print("{}", text(simulation, deck));
}

}  // namespace heddle::app
