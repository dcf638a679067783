// What no single key can show to be wrong: whether the keys of a deck fit each other, and the ranks they
// are run on.
#pragma once

#include "heddle/deck/read.hpp"

namespace heddle::deck {

/// Throws DeckError with all contradictions at once that matter to `purpose`. A deck that passes for training
/// can be laid out over its grid.
void check(const Deck& deck, Purpose purpose = Purpose::training);

/// Takes keys of the file out that do nothing beside what the command line says, and remarks on each. Throws DeckError for those that do nothing
/// beside what stands in the same place, or that the command line gave in vain. A resolved deck has none.
void leave_out_idle(Deck& deck, Purpose purpose = Purpose::training);

/// Where the first of the keys that is given stands; else the deck.
std::string position_of(const Deck& deck, const std::vector<std::string>& keys);

/// The key by which the number of a pipeline's ranks was given; grid.pipeline where none was.
const char* ranks_key(const Deck& deck);

/// Forgets what cost.from measured of another number of stages than the deck's. For those who only want its
/// cost.blocks, the model's, to cut stages by.
void leave_out_other_stages(Deck& deck);

/// Throws DeckError unless the grid has exactly `ranks` places.
void check_ranks(const Deck& deck, int ranks);

}  // namespace heddle::deck
