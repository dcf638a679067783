// Which blocks of a model are made anew in backward: as the deck says, or as few as fit a rank's memory.
#pragma once

#include <string>

#include "heddle/plan/plan.hpp"

namespace heddle::plan {

/// Fills in Plan::recompute, for which everything else of the plan must be there. With train.recompute = "auto"
/// each place of the pipeline makes those blocks anew (their attention, or all of them) that cost the fewest FLOPs of all
/// choices whose plan fits train.memory_limit_mib. Throws DeckError with the numbers where none fits.
void choose_recomputation(Plan& plan, const deck::Deck& deck);

/// What a deck's word makes anew of every block; of "auto", which looks at each, none.
passes::Recompute recompute_of(deck::Recompute recompute);

/// FLOPs that the stages of a place of the pipeline make again in the backward of one microbatch, over all of its ranks.
double flops_made_again(const Plan& plan, int place);

/// What a place of the pipeline makes anew of a model of so many layers, for people: "layers 2 to 4 all, layer 5 attention". Embedding
/// and final norm, which keep next to nothing, are left out.
std::string recomputation_text(const Plan& plan, int place, int layers);

}  // namespace heddle::plan
