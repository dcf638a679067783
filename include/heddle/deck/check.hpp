// What no single key can show to be wrong: whether the keys of a deck fit each other, and the ranks they are
// run on.
#pragma once

#include "heddle/deck/read.hpp"

namespace heddle::deck {

/// Throws DeckError with all contradictions at once. A deck that passes can be laid out over its grid.
void check(const Deck& deck);

/// Throws DeckError unless the grid has exactly `ranks` places.
void check_ranks(const Deck& deck, int ranks);

}  // namespace heddle::deck
