// A run that was stopped goes on: from which checkpoint, whether its deck is still the run's, and its state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "heddle/comm/communicator.hpp"
#include "heddle/deck/differences.hpp"
#include "heddle/io/checkpoint.hpp"
#include "heddle/session/trainer.hpp"

namespace heddle::session {

/// What the run left that goes on. The same on every rank.
struct Earlier {
  bool in_place = true;  ///< in the run's own folder; else a run of its own begins
  std::string run;       ///< its id; empty: nothing is there
  enum class RunFile : bool { damaged, whole } run_file = RunFile::damaged;
  bool finished = false;                 ///< as its file says
  std::vector<std::string> checkpoints;  ///< whole ones, the newest first
  std::vector<std::string> passed_over;  ///< "PATH: why"
  std::string deck;                      ///< as its file has it
  std::string products;                  ///< CheckpointHeader::products of the newest
};

/// Collective, before there is a trainer. `from` is a run's folder, its run.h5 or a checkpoint; empty: what is in `folder`, which may be
/// nothing. Throws Error(usage) where `from` holds no checkpoint.
Earlier find_earlier(const comm::Communicator& ranks, const std::string& folder, const std::string& from);

/// Where a run went on.
struct Restored {
  std::string path;
  io::CheckpointHeader header;
  std::vector<deck::Difference> changed;  ///< of the deck
};

/// Collective. Fills the trainer's parameters and moments from the newest of the checkpoints that turns out whole; those before it join
/// `passed_over`. None where there is no checkpoint. Throws Error(usage) where the deck or `tokens` (TokenFile::contents) would make it another
/// run, with both values, Error(failure) where every one is damaged.
std::optional<Restored> restore(const comm::Communicator& ranks, Earlier& earlier, const deck::Deck& deck,
                                const std::string& tokens, Trainer& trainer);

}  // namespace heddle::session
