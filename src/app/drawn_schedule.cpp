#include "heddle/app/drawn_schedule.hpp"

#include <string>
#include <tuple>

#include "heddle/app/deck_costs.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/schedule/generate.hpp"

namespace heddle::app {

schedule::Schedule drawn_schedule(const deck::Deck& deck, const schedule::Costs& costs) {
  const auto& [pipeline, grid] = std::tie(deck.pipeline, deck.grid);
  try {
    return schedule::generate({.name = pipeline.schedule,
                               .ranks = grid.pipeline,
                               .chunks = pipeline.chunks,
                               .microbatches = pipeline.microbatches,
                               .memory_limit = pipeline.memory_limit,
                               .weight_memory = deck.cost.weight_memory,
                               .costs = costs});
  } catch (const schedule::BadRequest& error) {
    std::string position = deck.at("pipeline." + error.key());
    if (position == "default") position = deck.source.empty() ? "deck" : deck.source;
    throw deck::DeckError({position + ": " + error.what()});
  }
}

schedule::Schedule drawn_schedule(const deck::Deck& deck) { return drawn_schedule(deck, costs_of(deck)); }

}  // namespace heddle::app
