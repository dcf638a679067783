// Keys that had another name once.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "heddle/deck/deck.hpp"

namespace heddle::deck {

/// What the key of this former name is called now. Decks that a program has written into files may still have it.
inline std::optional<Word> renamed(Word before) {
  struct Renamed {
    Word before, now;
  };
  constexpr std::array all = {Renamed{"train.dtype", "train.precision"}};
  const auto found = std::ranges::find(all, before, &Renamed::before);
  return found == all.end() ? std::nullopt : std::optional(found->now);
}

}  // namespace heddle::deck
