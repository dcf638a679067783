#include "heddle/plan/rows.hpp"

#include <fmt/format.h>

#include <string>
#include <tuple>

#include "heddle/deck/read.hpp"
#include "heddle/plan/costs.hpp"
#include "heddle/plan/schedule_file.hpp"
#include "heddle/schedule/activations.hpp"
#include "heddle/schedule/generate.hpp"

namespace heddle::plan {
namespace {

/// As a deck's own mistakes are: at the key that a person would change.
[[noreturn]] void refuse(const deck::Deck& deck, const std::string& key, const std::string& what) {
  std::string position = deck.at(key);
  if (position == "default") position = deck.source.empty() ? "deck" : deck.source;
  throw deck::DeckError({position + ": " + what});
}

schedule::Schedule rows_of_file(const deck::Deck& deck) {
  schedule::Schedule rows = schedule::schedule_of(cells_of_file(deck));
  const deck::Pipeline& pipeline = deck.pipeline;
  const auto same = [&](const char* key, int given, int has, const char* what) {
    if (given == has) return;
    refuse(deck, key,
           describe(fmt::format("{} = {} does not fit {}", key, given, pipeline.schedule),
                    fmt::format("its rows have {} {}", has, what), fmt::format("try {} = {}", key, has)));
  };
  same(deck.positions.contains("grid.pipeline") ? "grid.pipeline" : "pipeline.ranks", deck.grid.pipeline,
       rows.ranks(), "ranks");
  same("pipeline.microbatches", pipeline.microbatches, rows.microbatches, "microbatches");
  if (rows.stages() % rows.ranks() != 0)
    refuse(
        deck, "pipeline.schedule",
        describe(fmt::format("{} has {} stages on {} ranks", pipeline.schedule, rows.stages(), rows.ranks()),
                 "every rank holds as many", "lay them out evenly"));
  same("pipeline.chunks", pipeline.chunks, rows.stages() / rows.ranks(), "stages a rank");
  return rows;
}

schedule::Schedule generated(const deck::Deck& deck, const schedule::Costs& costs) {
  const auto& [pipeline, grid] = std::tie(deck.pipeline, deck.grid);
  try {
    return schedule::generate({.name = pipeline.schedule,
                               .ranks = grid.pipeline,
                               .chunks = pipeline.chunks,
                               .microbatches = pipeline.microbatches,
                               .window = pipeline.window,
                               .memory_limit = pipeline.memory_limit,
                               .weight_memory = deck.cost.weight_memory,
                               .costs = costs});
  } catch (const schedule::BadRequest& error) {
    refuse(deck, "pipeline." + error.key(), error.what());
  }
}

}  // namespace

schedule::Schedule drawn_schedule(const deck::Deck& deck, const schedule::Costs& costs) {
  schedule::Schedule rows = is_file(deck.pipeline) ? rows_of_file(deck) : generated(deck, costs);
  const double limit = deck.pipeline.memory_limit;
  if (limit > 0)
    if (const auto problem =
            schedule::over_memory(rows, limit * deck.pipeline.chunks, deck.cost.weight_memory))
      refuse(deck, "pipeline.memory_limit",
             describe(
                 problem->what, problem->why,
                 "raise pipeline.memory_limit, or take pipeline.schedule = \"zb-auto\", which keeps to it"));
  return rows;
}

schedule::Schedule drawn_schedule(const deck::Deck& deck) { return drawn_schedule(deck, costs_of(deck)); }

schedule::Schedule runnable_schedule(const deck::Deck& deck) {
  schedule::Schedule rows = drawn_schedule(deck);
  for (const schedule::Row& row : rows.rows)
    for (const schedule::Action& action : row)
      if (action.slice > 0)
        refuse(deck, "pipeline.schedule",
               describe(fmt::format("{} has {}, a token slice", deck.pipeline.schedule, name(action)),
                        "slices can be drawn and simulated, and not be run yet",
                        "write whole microbatches, such as 0F0"));
  return rows;
}

}  // namespace heddle::plan
