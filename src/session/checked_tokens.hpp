// What a run learns from, once nothing can be wrong with it.
#pragma once

#include <string>
#include <vector>

#include "heddle/data/dataset.hpp"
#include "heddle/deck/deck.hpp"
#include "heddle/plan/plan.hpp"

namespace heddle::session {

/// Everything between a sound deck and its first step that can be wrong without a file being written. `places` are those of the ranks'
/// memory.
data::Dataset checked_tokens(const deck::Deck& deck, const plan::Plan& plan,
                             const std::vector<std::string>& places, int rank);

}  // namespace heddle::session
