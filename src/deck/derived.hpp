// Defaults that other keys decide.
#pragma once

#include "heddle/deck/deck.hpp"

namespace heddle::deck {

/// Of a deck that has been read.
inline void fill_in(Deck& deck) {
  if (deck.train.sequence == 0) deck.train.sequence = deck.model.context;
  if (deck.pipeline.ranks == 0)
    deck.pipeline.ranks = deck.grid.pipeline;
  else if (!deck.positions.contains("grid.pipeline"))
    deck.grid.pipeline = deck.pipeline.ranks;
  if (deck.output.directory.empty()) deck.output.directory = "runs/" + deck.name;
}

}  // namespace heddle::deck
