// Which checkpoints of a run stay: output.keep and output.keep_best.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "heddle/deck/deck.hpp"
#include "heddle/io/stored_run.hpp"

namespace heddle::session {

/// The paths of those that are neither among the newest nor among the best, which come from `whole`, the newest first.
std::vector<std::string> superfluous(std::span<const io::StoredCheckpoint> whole, const deck::Output& output);

}  // namespace heddle::session
