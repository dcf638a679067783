// How large a model is and what a step of it computes, by one printed formula.
#pragma once

#include <string>

#include "heddle/deck/deck.hpp"
#include "heddle/graph/graph.hpp"

namespace heddle::model {

struct Count {
  std::int64_t parameters = 0;            ///< a tied head counts once
  std::int64_t embedding_parameters = 0;  ///< of which looked up rather than multiplied: tokens and positions
  double flops_per_step = 0;              ///< model FLOPs, over all ranks
  std::string formula;
};

/// Model FLOPs a token are 6 N + 6 L T C with causal attention (each token attends to T / 2 others on
/// average), 12 L T C were attention full: N all parameters, a tied head standing for the embedding; Kaplan
/// et al., arXiv 2001.08361, and PaLM, arXiv 2204.02311, appendix B. What is computed again (recomputation)
/// is not counted. `batch` are the samples of a step, `sequence` the tokens of each.
Count count(const deck::Model& model, std::int64_t batch, std::int64_t sequence, const graph::Graph& graph);

}  // namespace heddle::model
