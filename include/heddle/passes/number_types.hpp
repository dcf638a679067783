// Gives the values of a model their number types.
#pragma once

#include "heddle/base/precision.hpp"
#include "heddle/graph/graph.hpp"

namespace heddle::passes {

/// Are parameters kept in the type that they are written in, beside what products read?
enum class Masters {
  kept,       ///< they are
  remainder,  ///< bit by bit, but only what products read and what that leaves of them, see passes/step_end.hpp
  none,       ///< what products read is all that there is
};

/// A model that is written in the type of its parameters, laid out or not, with its numbers streaming in that of the precision: a
/// parameter that an op reads in that type (graph::NumberTypes) is converted first, once for all its uses of one
/// layout, and what is made of it follows. The same graph where parameters are of that type. Without
/// masters, or with remainders of them, a parameter that is read in that type alone has it. Products round their factors as the
/// precision has it.
graph::Graph with_types(graph::Graph graph, Precision precision, Masters masters = Masters::kept);

}  // namespace heddle::passes
