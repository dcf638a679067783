// run.h5: what a run was, what it did and what it lost or learned, in one file that explains it afterwards
// and that `heddle generate` needs alone. docs/run_file.md describes the format.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "heddle/comm/communicator.hpp"
#include "heddle/io/vocabulary.hpp"
#include "heddle/maps/grid.hpp"
#include "heddle/schedule/event.hpp"

namespace heddle::io {

struct MemoryRegion {
  std::int64_t rank = 0;
  std::string region;  ///< "parameters", "gradients", ...
  std::int64_t bytes = 0;
  friend bool operator==(const MemoryRegion&, const MemoryRegion&) = default;
};

/// What is known before the first step. The state of the sources and the build are added by the file itself.
struct RunHeader {
  std::string deck_given;              ///< the file as it was written
  std::vector<std::string> overrides;  ///< of the command line
  std::string deck_resolved;
  std::vector<std::string> hosts;  ///< one a rank
  maps::Grid grid = maps::Grid();
  Vocabulary vocabulary;
  std::int64_t parameters = 0;       ///< numbers in the model
  double flops_per_step = 0;         ///< of the model, over all ranks
  std::string messages = "by MPI";   ///< who carries them
  std::vector<std::string> actions;  ///< the schedule as text, one row a pipeline rank
  std::vector<MemoryRegion> memory;
  std::vector<MemoryRegion> device_memory;  ///< of a rank's GPU, by all processes on it; none of hosts
};

struct StepRow {
  std::int64_t step = 0;  ///< 1 after the first optimizer step
  double loss = 0;        ///< mean over the step's tokens, in nats
  double validation_loss = std::numeric_limits<double>::quiet_NaN();  ///< NaN where it was not evaluated
  double rate = 0;
  double gradient_norm = 0;  ///< before clipping
  std::int64_t tokens = 0;   ///< trained on since the run's start
  double seconds = 0;        ///< since the run's start
};

struct EventRow {
  std::int64_t step = 0;
  schedule::Event event;
};

/// Collective. The rows of every rank in order of ranks, on rank 0; empty elsewhere.
std::vector<std::vector<EventRow>> gather_events(const comm::Communicator& ranks,
                                                 std::span<const EventRow> mine);

/// Owned by rank 0. Rows are kept in memory until `flush`, which opens the file, appends and closes it, so
/// that between flushes anyone may open the file and a killed run leaves a whole one.
class RunFile {
 public:
  /// Makes missing folders and replaces an older file. Error(usage) if `path` cannot be written.
  RunFile(std::string path, const RunHeader& header);

  const std::string& path() const { return path_; }
  void add(const StepRow& row) { steps_.push_back(row); }
  void add(Rank rank, std::span<const EventRow> rows);
  /// Takes a few milliseconds. Error(failure) if the disk does not take the rows: then they are kept, and the file is as it was.
  void flush();
  /// Flushes, and marks that the run came to its end.
  void finish();

 private:
  std::string path_;
  std::vector<StepRow> steps_;
  std::map<int, std::vector<EventRow>> events_;
};

/// Error(usage) for a file that is missing or no run file.
RunHeader read_run_header(const std::string& path);
std::vector<StepRow> read_steps(const std::string& path);
/// Empty where that rank wrote none.
std::vector<EventRow> read_events(const std::string& path, Rank rank);

}  // namespace heddle::io
