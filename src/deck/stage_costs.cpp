#include "stage_costs.hpp"

#include "heddle/deck/check.hpp"

namespace heddle::deck {

std::string key_of(Figure figure) { return "cost." + std::string(name(figure)); }

std::int64_t count(const Deck& deck, Figure figure) { return deck.stages() - (is_by_border(figure) ? 1 : 0); }

bool fits(const Deck& deck, Figure figure) {
  const auto size = static_cast<std::int64_t>(deck.cost[figure].values.size());
  return size <= 1 || size == count(deck, figure);
}

void leave_out_other_stages(Deck& deck) {
  for (std::size_t i = 0; i < figure_count; ++i) {
    const auto figure = static_cast<Figure>(i);
    const std::string key = key_of(figure);
    if (fits(deck, figure) || deck.at(key) != deck.cost.from) continue;
    deck.cost[figure] = {};
    deck.positions.erase(deck.positions.find(key));
  }
}

}  // namespace heddle::deck
