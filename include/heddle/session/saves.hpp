// The checkpoints of a run that is under way: when training waits for them, and what is said of them.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "heddle/comm/world.hpp"
#include "heddle/session/checkpoints.hpp"
#include "heddle/session/progress.hpp"

namespace heddle::session {

/// Where training goes on meanwhile (if output.asynchronous), where it waits, and where nothing is to follow: then a checkpoint that cannot be written is
/// an error, else a warning.
enum class Saving { beside, at_once, last };

/// All but `writes` is collective.
class Saves {
 public:
  /// What belongs to the run and outlives this.
  struct Run {
    comm::World& world;
    Progress& progress;
    bool asynchronous = true;  ///< output.asynchronous
  };
  Saves(Run run, Checkpoints checkpoints) : run_(run), checkpoints_(std::move(checkpoints)) {}

  /// Before the first step: takes the memory that copies of the state will need.
  void provide_copy() { checkpoints_.provide_copy(); }
  bool due(std::int64_t steps_done) const { return checkpoints_.due(steps_done); }
  std::string path(std::int64_t steps_done) const { return checkpoints_.path(steps_done); }
  /// It is there when this returns, unless it is written beside training. Of a state that is not finite there is none: throws io::StateNotFinite, as
  /// do `look` and `finish`.
  void save(std::int64_t steps_done, Saving saving, const SampleQueue::Count& samples,
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
