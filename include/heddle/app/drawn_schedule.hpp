// The schedule that a deck asks for.
#pragma once

#include "heddle/deck/deck.hpp"
#include "heddle/schedule/action.hpp"

namespace heddle::app {

/// Compute-only rows. Throws DeckError at the key to change where the schedule does not exist for the deck's numbers.
schedule::Schedule drawn_schedule(const deck::Deck& deck);

}  // namespace heddle::app
