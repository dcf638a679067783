// A deck's step on virtual clocks, and what it says in words and in JSON.
#pragma once

#include <optional>
#include <string>

#include "heddle/plan/options.hpp"
#include "heddle/schedule/simulated_machine.hpp"

namespace heddle::plan {

struct Simulation {
  schedule::Schedule schedule;
  schedule::Costs costs;
  schedule::Timeline timeline;
  schedule::Summary summary;
  double step = 0;                       ///< seconds: the makespan, and what lies outside of all actions
  std::vector<double> activations = {};  ///< at each rank's peak, counting a stage's of one microbatch as 1
  double bytes_in_flight = 0;            ///< at their peak, over all links
  std::optional<double> tokens = {};     ///< a second, of the whole grid, where the deck has a model to train
};

/// Throws KeyError where there is no such schedule, or the machine does not say what is needed.
Simulation simulate(const Options& options);

/// The timeline as a picture; see picture.hpp.
std::string picture(const Simulation& simulation, const Options& options);

/// A page at most.
std::string text(const Simulation& simulation, const Options& options);
/// One object, every rank of the pipeline in it; `deck` is its name.
std::string json(const Simulation& simulation, const Options& options, const std::string& deck);

}  // namespace heddle::plan
