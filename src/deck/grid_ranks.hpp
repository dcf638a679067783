// The extents of the grid's axes, all of them, in numbers and in words.
#pragma once

#include <string>
#include <vector>

#include "heddle/deck/deck.hpp"

namespace heddle::deck {

/// Their product, which may be more than an integer holds.
double ranks_of(const Grid& grid);

/// "grid.data", "grid.pipeline", ...
std::vector<std::string> keys_of_grid();

/// "grid.data * grid.pipeline * grid.tensor = 1 * 2 * 2".
std::string product_of_grid(const Grid& grid);

}  // namespace heddle::deck
