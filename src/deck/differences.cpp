#include "heddle/deck/differences.hpp"

#include <algorithm>

#include "keys.hpp"

namespace heddle::deck {

std::vector<Difference> differences(const Deck& before, const Deck& after) {
  std::vector<Difference> found;
  for (const Section& section : sections())
    for (const Key& key : section.keys)
      if (Difference one{key.name, key.print(before), key.print(after)}; one.before != one.after)
        found.push_back(std::move(one));
  return found;
}

bool may_change(std::string_view key) {
  constexpr std::string_view stays[] = {"data.held_out", "data.order", "data.seed", "train.seed",
                                        "train.sequence"};
  if (key.starts_with("model.")) return key == "model.dropout";
  return std::ranges::find(stays, key) == std::end(stays);
}

}  // namespace heddle::deck
