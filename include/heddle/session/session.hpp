// A training run on this process: set up, stepped through, and written down.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "heddle/comm/world.hpp"
#include "heddle/plan/plan.hpp"
#include "heddle/session/progress.hpp"
#include "heddle/session/refusals.hpp"
#include "heddle/session/run_folder.hpp"
#include "heddle/session/stop.hpp"
#include "heddle/session/stop_signals.hpp"
#include "heddle/session/trainer.hpp"

namespace heddle::session {

/// What a person asked of a run beside its deck.
struct Manner {
  EarlierRun earlier = EarlierRun::refused;
  const StopSignals* signals = nullptr;     ///< must outlive the session; null: signals are not the run's
  std::optional<std::string> restart = {};  ///< from where it goes on, as take_over has it; none: it begins
  Progress::Voice voice = Progress::Voice::speaks;  ///< of rank 0; run.log has all lines
  std::vector<Samples> pass_over = {};  ///< what earlier sessions of this program stumbled over, in order
  Stop::Clock::time_point begin = Stop::Clock::now();  ///< of train.max_seconds
};

class Session {
 public:
  /// Collective. Everything that can be wrong with deck, data and output is found here, before
  /// the first step.
  Session(const deck::Deck& deck, comm::World& world, const Manner& manner = {});
  ~Session();

  /// Tells the observer, which must outlive it, of all steps.
  void observe(exec::Observer& observer);
  const plan::Plan& plan() const;
  const Trainer& trainer() const;

  /// Trains to the last step, evaluates, writes the checkpoint and the run file. Under train.on_nan = "rollback" it may end before: then another
  /// session goes on from the last checkpoint, and passes over these samples too.
  std::optional<Samples> run();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace heddle::session
