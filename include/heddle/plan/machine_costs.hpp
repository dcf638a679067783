// What a deck's pipeline would cost on the machine that it describes.
#pragma once

#include "heddle/deck/deck.hpp"
#include "heddle/schedule/costs.hpp"

namespace heddle::plan {

/// From the model's graph, laid over the grid, and [machine]. One rank of each place in the pipeline stands for all that
/// share the place, so a larger grid takes no longer. Throws DeckError where the machine does not say what is needed.
schedule::Costs machine_costs(const deck::Deck& deck);

}  // namespace heddle::plan
