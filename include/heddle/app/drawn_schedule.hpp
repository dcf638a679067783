// The schedule that a deck asks for.
#pragma once

#include <span>
#include <string>

#include "heddle/deck/deck.hpp"
#include "heddle/schedule/action.hpp"
#include "heddle/schedule/costs.hpp"

namespace heddle::app {

/// Reads a deck for `purpose` and checks it; what its schedule's file says of ranks, chunks and microbatches need not
/// stand in it too. Throws DeckError.
deck::Deck read_deck(const std::string& file, std::span<const std::string> overrides, deck::Purpose purpose);

/// Compute-only rows, but for those of a file with communication. Throws DeckError at the key to change where the schedule does not exist for the deck's numbers.
/// Schedules that follow from costs take `costs`, or the deck's [cost].
schedule::Schedule drawn_schedule(const deck::Deck& deck, const schedule::Costs& costs);
schedule::Schedule drawn_schedule(const deck::Deck& deck);

/// The deck's schedule for a run, which must not cut microbatches into token slices. Throws DeckError.
schedule::Schedule runnable_schedule(const deck::Deck& deck);

}  // namespace heddle::app
