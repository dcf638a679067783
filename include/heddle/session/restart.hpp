// A run that was stopped goes on: from which checkpoint, whether its deck is still the run's, and its state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "heddle/comm/communicator.hpp"
#include "heddle/deck/differences.hpp"
#include "heddle/io/checkpoint.hpp"
#include "heddle/session/earlier.hpp"
#include "heddle/session/progress.hpp"
#include "heddle/session/trainer.hpp"

namespace heddle::session {

/// Where a run went on.
struct Restored {
  std::string path;
  io::CheckpointHeader header;
  std::vector<deck::Difference> changed;  ///< of the deck
};

/// Collective. Fills the trainer's parameters and moments from the newest of the checkpoints that turns out whole; those before it join
/// `passed_over`. None where there is no checkpoint. Throws Error(usage) where the deck or `tokens` (TokenFile::contents) would make it another
/// run, with both values, and where every one is damaged.
std::optional<Restored> restore(const comm::Communicator& ranks, Earlier& earlier, const deck::Deck& deck,
                                const std::string& tokens, Trainer& trainer);

/// What a session knows of it.
struct Restart {
  std::optional<Earlier> earlier;    ///< none: the run begins
  std::optional<Restored> restored;  ///< none: there was no checkpoint yet

  bool in_place() const { return earlier && earlier->in_place; }
  std::int64_t steps_before() const { return restored ? restored->header.step : 0; }
  /// Nothing is left to be trained of so many steps, and the run's file knows it.
  bool is_over(std::int64_t steps) const {
    return restored && steps_before() >= steps + (earlier->finished ? 0 : 1);
  }
  /// What a person should know of it.
  void say(Progress& progress, std::int64_t steps) const;
};

}  // namespace heddle::session
