// Lays a model written for one device over the axes of a grid, by giving its values layouts
// and inserting maps.
#pragma once

#include "heddle/graph/graph.hpp"
#include "heddle/maps/grid.hpp"

namespace heddle::passes {

/// How the residual stream lies over an axis that shards weights: whole on every rank, so that partial
/// products are summed by all-reduces, or split over the rows, by reduce-scatters and all-gathers
/// (Korthikanti et al., arXiv 2205.05198).
enum class ResidualStream { whole, split_rows };

/// Walks the nodes in order and asks each op's layout rule, along every axis longer than one, what it
/// needs of its inputs and what it makes; where an input lies otherwise, the map that leads there is
/// inserted. Inputs lie split over the axes that split rows. A parameter takes the layout of its first use
/// as its home where that is a split, and is shared from a whole home by a broadcast where its use is
/// copied. Throws Error if two uses of a parameter ask for different splits, or the map table has no way
/// between two layouts.
graph::Graph parallelize(const graph::Graph& model, const maps::Grid& grid, ResidualStream stream);

}  // namespace heddle::passes
