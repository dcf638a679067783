// Keys and values that had another name once. Decks that a program has written into files may still have it.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "codec.hpp"
#include "heddle/deck/deck.hpp"

namespace heddle::deck {

struct RenamedKey {
  Word before, now, why;
};

/// What the key of this former name is called now.
inline std::optional<RenamedKey> renamed(Word before) {
  constexpr std::array all = {RenamedKey{"train.dtype", "train.precision", "it has another name now"},
                              RenamedKey{"train.evaluate_batches", "train.evaluate_windows",
                                         "windows are counted now, train.batch to a batch"}};
  const auto found = std::ranges::find(all, before, &RenamedKey::before);
  return found == all.end() ? std::nullopt : std::optional(*found);
}

/// Which word a key has now in place of this value, which is no string.
inline std::optional<Word> word_in_place_of(Word key, Word value) {
  struct Renamed {
    Word key, before, now;
  };
  constexpr std::array all = {Renamed{"optimizer.masters", "true", "wide"},
                              Renamed{"optimizer.masters", "false", "none"}};
  const auto found =
      std::ranges::find_if(all, [&](const Renamed& one) { return one.key == key && one.before == value; });
  return found == all.end() ? std::nullopt : std::optional(found->now);
}

inline Mistake is_a_word_now(Word key, const toml::node& value, Word word) {
  return {fmt::format("{} = {} is a word now", key, shown(value)), "there are more than two choices",
          fmt::format("write {}", literal(word))};
}

}  // namespace heddle::deck
