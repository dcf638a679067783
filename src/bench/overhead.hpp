// What a run pays for being watched: events and their file, the verifier, the watchdog.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "heddle/comm/world.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/plan/plan.hpp"

namespace heddle::bench {

/// Seconds a step. Each is counted, since all of them together are less than the noise of a step: how often a
/// step does it, times what doing it once takes in a loop.
struct Overhead {
  double events = 0;  ///< two looks at the clock and a row for each action
  double file = 0;    ///< events of all ranks gathered and written to run.h5
  /// For each wait: naming it and looking at the clock. Other ranks are listened to after 5 ms of waiting.
  double watchdog = 0;
  double verifier = 0;  ///< checking the schedule once, over the steps of the deck

  double sum() const { return events + file + watchdog + verifier; }
};

/// `step` are the events of one step of this rank, `waits` how often it waited. Collective.
Overhead measure_overhead(const plan::Plan& plan, comm::World& world, const std::vector<io::EventRow>& step,
                          double waits);

nlohmann::ordered_json object(const Overhead& overhead);

}  // namespace heddle::bench
