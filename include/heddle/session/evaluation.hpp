// How good a model is on text that it does not learn: when a run asks, and what it tells of it.
#pragma once

#include <cstdint>
#include <optional>

#include "heddle/comm/world.hpp"
#include "heddle/data/dataset.hpp"
#include "heddle/session/progress.hpp"
#include "heddle/session/recorder.hpp"
#include "heddle/session/stop.hpp"
#include "heddle/session/trainer.hpp"

namespace heddle::session {

/// Those of one run. All but `due` is collective.
class Evaluations {
 public:
  /// What belongs to the run and outlives this.
  struct Run {
    const deck::Deck& deck;
    const comm::World& world;
    const data::Dataset& dataset;
    const Stop& stop;
    Trainer& trainer;
    Progress& progress;
    Recorder& recorder;
  };
  explicit Evaluations(Run run) : run_(run) {}

  bool due(std::int64_t steps_done) const;
  /// The mean loss of so many windows of the held-out part, which is written into the row of that step. Nothing where some rank wants to stop
  /// meanwhile, which is asked before each batch.
  std::optional<double> make(std::int64_t steps_done);
  /// The one before which the run was stopped. Throws Error(failure) where it has no time for that either.
  std::optional<double> make_up_for(std::int64_t steps_done);

 private:
  bool some_rank(bool wants) const;
  std::optional<double> loss_of(std::int64_t windows, std::int64_t steps_done);

  Run run_;
};

}  // namespace heddle::session
