// A simulated step as a run file.
#pragma once

#include <string>

#include "heddle/deck/deck.hpp"
#include "heddle/plan/simulation.hpp"

namespace heddle::app {

/// Writes run.h5 as of a run of the pipeline alone: the other axes of the grid repeat it. Throws Error(usage) in a build
/// without HDF5.
void write_run(const std::string& path, const plan::Simulation& simulation, const deck::Deck& deck);

}  // namespace heddle::app
