// The schedule that a deck asks for.
#pragma once

#include <span>
#include <string>

#include "heddle/deck/deck.hpp"
#include "heddle/schedule/action.hpp"
#include "heddle/schedule/costs.hpp"

namespace heddle::plan {

/// Compute-only rows, but for those of a file with communication. Throws DeckError at the key to change where the schedule does not exist for the deck's numbers.
/// Schedules that follow from costs take `costs`, or the deck's [cost].
schedule::Schedule drawn_schedule(const deck::Deck& deck, const schedule::Costs& costs);
schedule::Schedule drawn_schedule(const deck::Deck& deck);

/// The deck's schedule for a run, which must not cut microbatches into token slices. Throws DeckError.
schedule::Schedule runnable_schedule(const deck::Deck& deck);

}  // namespace heddle::plan
