// The checkpoints of a run that is under way: when training waits for them, and what is said of them.
#pragma once

#include <cstdint>
#include <optional>

#include "heddle/comm/world.hpp"
#include "heddle/session/checkpoints.hpp"
#include "heddle/session/progress.hpp"

namespace heddle::session {

/// All but `writes` is collective.
class Saves {
 public:
  /// What belongs to the run and outlives this.
  struct Run {
    comm::World& world;
    const Trainer& trainer;
    Progress& progress;
    bool asynchronous = true;  ///< output.asynchronous
  };
  Saves(Run run, Checkpoints checkpoints) : run_(run), checkpoints_(std::move(checkpoints)) {}

  bool due(std::int64_t steps_done) const { return checkpoints_.due(steps_done); }
  std::string path(std::int64_t steps_done) const { return checkpoints_.path(steps_done); }
  /// The last is there when this returns; another may be written while training goes on. One that could not be written is a warning where
  /// another may take its place, else an error.
  void save(std::int64_t steps_done, bool last, const SampleQueue::Count& samples,
            std::optional<double> validation_loss);
  /// Whether this rank still writes, which goes into Votes.
  bool writes() const { return checkpoints_.writes(); }
  /// After each step: finishes what no rank still wrote.
  void look(const exec::StepResult& result);
  /// What is under way.
  void finish();

 private:
  void say(const Written& checkpoint);
  void go_on_without(std::int64_t steps_done, const io::WriteFailure& failure);

  Run run_;
  Checkpoints checkpoints_;
};

}  // namespace heddle::session
