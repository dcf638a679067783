// In what two decks differ, and which differences a run that goes on may have.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "heddle/deck/deck.hpp"

namespace heddle::deck {

struct Difference {
  std::string key;            ///< "optimizer.rate"
  std::string before, after;  ///< as TOML
};

/// Key by key, in the order of the reference.
std::vector<Difference> differences(const Deck& before, const Deck& after);

/// Whether a run may go on with another value of this key. It may not learn another model, nor from other samples or seeds: [model] but for its
/// dropout, data.held_out, data.order, data.seed, train.seed and train.sequence stay. Of data.tokens the contents stay, wherever they lie.
bool may_change(std::string_view key);

}  // namespace heddle::deck
