#include "grid_ranks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "heddle/deck/check.hpp"

namespace heddle::deck {

static_assert(std::ranges::count(Grid::members(), nullptr) == 0, "a member of deck::Grid for every axis");

double ranks_of(const Grid& grid) {
  double ranks = 1;
  for (Axis axis : all_axes) ranks *= grid.extent(axis);
  return ranks;
}

std::vector<std::string> keys_of_grid() {
  std::vector<std::string> keys;
  for (Axis axis : all_axes) keys.push_back(fmt::format("grid.{}", name(axis)));
  return keys;
}

std::string product_of_grid(const Grid& grid) {
  std::vector<int> extents;
  for (Axis axis : all_axes) extents.push_back(grid.extent(axis));
  return fmt::format("{} = {}", fmt::join(keys_of_grid(), " * "), fmt::join(extents, " * "));
}

void check_ranks(const Deck& deck, int ranks) {
  const auto places = static_cast<std::int64_t>(ranks_of(deck.grid));
  if (places == ranks) return;
  const std::int64_t replica = places / deck.grid.data;
  std::string fix = fmt::format("start {} {}", places, places == 1 ? "rank" : "ranks");
  if (ranks % replica == 0) fix += fmt::format(", or try grid.data = {}", ranks / replica);
  throw DeckError({position_of(deck, keys_of_grid()) + ": " +
                   describe(fmt::format("{} = {} is not the number of ranks, {}", product_of_grid(deck.grid),
                                        places, ranks),
                            "each rank has one place on the grid", fix)});
}

}  // namespace heddle::deck
