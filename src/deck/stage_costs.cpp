#include "stage_costs.hpp"

#include <array>

#include "heddle/deck/check.hpp"

namespace heddle::deck {

std::span<const StageFigures> stage_figures() {
  static constexpr std::string_view borders = "borders between stages";
  static constexpr std::array<StageFigures, 9> all = {{
      {"cost.forward", &Cost::forward},
      {"cost.backward_input", &Cost::backward_input},
      {"cost.backward_weight", &Cost::backward_weight},
      {"cost.backward", &Cost::backward},
      {"cost.recompute", &Cost::recompute},
      {"cost.reduce_gradients", &Cost::reduce_gradients},
      {"cost.step", &Cost::step},
      {"cost.send", &Cost::send, borders, 1},
      {"cost.message_bytes", &Cost::message_bytes, borders, 1},
  }};
  return all;
}

std::int64_t count(const Deck& deck, const StageFigures& one) {
  return std::int64_t{deck.grid.pipeline} * deck.pipeline.chunks - one.fewer;
}

bool fits(const Deck& deck, const StageFigures& one) {
  const auto size = static_cast<std::int64_t>((deck.cost.*one.figures).values.size());
  return size <= 1 || size == count(deck, one);
}

void leave_out_other_stages(Deck& deck) {
  for (const StageFigures& one : stage_figures())
    if (!fits(deck, one) && deck.at(one.key) == deck.cost.from) {
      deck.cost.*one.figures = {};
      deck.positions.erase(deck.positions.find(one.key));
    }
}

}  // namespace heddle::deck
