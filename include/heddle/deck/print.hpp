// What the table of keys says, as text: the resolved deck and the reference.
#pragma once

#include <string>

#include "heddle/deck/deck.hpp"

namespace heddle::deck {

/// The deck with every key written out, as TOML that parses back to the same deck; sections that the deck
/// does without are left out.
std::string resolved(const Deck& deck);

/// docs/deck_reference.md.
std::string reference();

}  // namespace heddle::deck
