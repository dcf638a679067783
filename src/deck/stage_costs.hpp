// How many numbers the keys of [cost] have that give one for each stage, or for each border between stages.
#pragma once

#include <cstdint>
#include <string>

#include "heddle/deck/deck.hpp"

namespace heddle::deck {

inline constexpr std::size_t figure_count = names_of(Figure{}).size();

/// "cost.forward"
std::string key_of(Figure figure);

/// How many there are on the deck's pipeline.
std::int64_t count(const Deck& deck, Figure figure);

/// Has the deck none, one for all, or as many as there are?
bool fits(const Deck& deck, Figure figure);

}  // namespace heddle::deck
