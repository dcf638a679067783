// A simulated step as a run file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heddle/plan/simulation.hpp"

namespace heddle::app {

/// What a run file keeps of a deck.
struct DeckTexts {
  std::string given;                   ///< as it was written
  std::vector<std::string> overrides;  ///< of the command line
  std::string resolved;
};

/// Writes run.h5 as of a run of the pipeline alone: the other axes of the grid repeat it. A step has so many
/// tokens. Throws Error(usage) in a build without HDF5.
void write_run(const std::string& path, const plan::Simulation& simulation, const DeckTexts& deck,
               std::int64_t tokens);

}  // namespace heddle::app
