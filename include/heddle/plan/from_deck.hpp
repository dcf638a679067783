// From a deck to plans: here alone `plan` sees the whole of it.
#pragma once

#include <span>
#include <string>

#include "heddle/deck/read.hpp"
#include "heddle/plan/plan.hpp"
#include "heddle/plan/simulation.hpp"

namespace heddle::plan {

/// Reads a deck for `purpose` and checks it; what its schedule's file says of ranks, stages and microbatches
/// need not stand in it too. Throws DeckError.
deck::Deck read_deck(const deck::DeckFile& file, std::span<const std::string> overrides,
                     deck::Purpose purpose);
deck::Deck read_deck(const std::string& path, std::span<const std::string> overrides, deck::Purpose purpose);

/// The part of a deck from which plans are made.
Options options_of(const deck::Deck& deck);

/// As the functions of the same names do for its options; what they refuse is a DeckError at the place
/// of the key.
Plan make(const deck::Deck& deck, const ModelWriter& write = family);
schedule::Schedule rows_of(const deck::Deck& deck);
Simulation simulate(const deck::Deck& deck);

}  // namespace heddle::plan
