// What a run left that goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heddle/comm/communicator.hpp"
#include "heddle/session/run_folder.hpp"

namespace heddle::session {

/// The same on every rank.
struct Earlier {
  bool in_place = true;  ///< in the run's own folder; else a run of its own begins
  enum class RunFile : std::uint8_t { none, damaged, whole } run_file = RunFile::none;
  bool finished = false;                 ///< as its file says
  std::string run;                       ///< its id; empty: unknown
  std::string deck;                      ///< of its file
  std::vector<std::string> checkpoints;  ///< whole ones, the newest first
  std::string products;                  ///< CheckpointHeader::products of the newest
  std::vector<std::string> passed_over;  ///< "PATH: why"

  /// Nothing was learnt yet, or it was lost before the first checkpoint.
  bool begins() const { return checkpoints.empty(); }
};

/// Collective, before there is a trainer; none where the run does not go on. `from` is a run's folder, its run.h5 or a checkpoint; empty: what is
/// in `directory`, which may be nothing. Rank 0 takes the folder before it looks: what is found there is of a run that is at its end. Throws
/// Error(usage) where another run is at work there, where `from` holds no checkpoint, where a file may not be read or is of a newer program, and
/// where a run had checkpoints and none of them is left.
std::optional<Earlier> take_over(const comm::Communicator& ranks, const std::string& directory,
                                 const std::optional<std::string>& from, std::optional<RunFolder>& folder);

}  // namespace heddle::session
