// A deck from its text, read and checked as `heddle run` does it.
#pragma once

#include <string>
#include <vector>

#include "heddle/deck/check.hpp"
#include "heddle/deck/read.hpp"

namespace heddle::tests {

inline deck::Deck checked_deck(const std::string& text, const std::vector<std::string>& overrides) {
  deck::Deck deck = deck::parse(text, "small.toml", overrides);
  deck::check(deck);
  return deck;
}

}  // namespace heddle::tests
