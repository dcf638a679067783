// A deck from its file, with the numbers that its schedule's file tells.
#pragma once

#include <span>
#include <string>

#include "heddle/deck/deck.hpp"

namespace heddle::plan {

/// Reads a deck for `purpose` and checks it; what its schedule's file says of ranks, chunks and microbatches need not
/// stand in it too. Throws DeckError.
deck::Deck read_deck(const std::string& file, std::span<const std::string> overrides, deck::Purpose purpose);

}  // namespace heddle::plan
