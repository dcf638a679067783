// From the deck's [model] to a graph, written as for one device.
#pragma once

#include "heddle/deck/deck.hpp"
#include "heddle/graph/graph.hpp"

namespace heddle::model {

/// What the graph ends in.
enum class Head {
  loss,    ///< a scalar: the mean cross entropy over the rows of a step; needs the input `targets`
  logits,  ///< [rows, vocabulary]
};

/// Inputs are the values `tokens` and, for a loss, `targets`, int32 [rows]; the output is the loss
/// or the logits.
graph::Graph build(const deck::Model& model, Head head, DType dtype);

}  // namespace heddle::model
