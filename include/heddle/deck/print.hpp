// What the table of keys says, as text: the resolved deck and the reference.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "heddle/deck/deck.hpp"

namespace heddle::deck {

/// The deck with every key written out, as TOML that parses back to the same deck; sections that the deck
/// does without are left out.
std::string resolved(const Deck& deck);

/// docs/deck_reference.md.
std::string reference();

/// Of a key ("model.width") or all keys of a section ("model"): meaning, type, default, range and unit. Empty where there is none.
std::string help(std::string_view topic);

/// The words that a key of a few words has, as they stand on the command line: "gpipe", "1f1b", ...; none of other keys.
std::vector<std::string> choices(std::string_view key);

/// All names that help() knows.
std::vector<std::string_view> topics();

}  // namespace heddle::deck
