// run.h5: what a run was, what it did and what it lost or learned, in one file that explains it afterwards
// and that `heddle generate` needs alone. docs/run_file.md describes the format.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "heddle/base/error.hpp"
#include "heddle/io/run_rows.hpp"
#include "heddle/io/vocabulary.hpp"
#include "heddle/maps/grid.hpp"

namespace heddle::io {

/// By which the files of one run know each other: 16 hexadecimal digits, drawn anew with each call.
std::string new_run_id();

/// Seconds that a leg's parts took until it could train, on rank 0.
struct SetUp {
  double launch = 0;      ///< from the process' begin until there is a deck: the system, libraries, MPI
  double plan = 0;        ///< making it
  double tokens = 0;      ///< opening and verifying them
  double memory = 0;      ///< of the plan, and its first parameters; on a GPU the choice of products too
  double checkpoint = 0;  ///< finding and reading the one that it goes on from
  double rest = 0;        ///< who is where, the folder, who carries messages

  double all() const { return launch + plan + tokens + memory + checkpoint + rest; }
};

/// What is known before the first step. The state of the sources and the build are added by the file itself.
struct RunHeader {
  std::string run;  ///< its id; empty in files of schema 1
  Vocabulary vocabulary;
  std::int64_t parameters = 0;  ///< numbers in the model
  bool finished = false;        ///< as it is read: the run came to its end

  /// Of a leg: what a restart may change.
  std::int64_t steps_before = 0;       ///< done when it began
  std::string from = {};               ///< the checkpoint that it went on from; empty: from none
  std::string from_run = {};           ///< the id of that checkpoint's run
  std::string deck_given;              ///< the file as it was written
  std::vector<std::string> overrides;  ///< of the command line
  std::string deck_resolved;
  std::vector<std::string> hosts;  ///< one a rank
  maps::Grid grid = maps::Grid();
  double flops_per_step = 0;  ///< of the model, over all ranks
  SetUp set_up = {};
  std::string messages = "by MPI";   ///< who carries them
  std::vector<std::string> actions;  ///< the schedule as text, one row a pipeline rank
  std::vector<MemoryRegion> memory;
  std::vector<MemoryRegion> device_memory;  ///< of a rank's GPU, by all processes on it; none of hosts
};

/// How much of a run's events is kept. Half of the bytes hold those of every step from the first on, the rest those of every k-th, k being the
/// smallest power of two with which the steps to come fit. A step is kept for all ranks or for none.
struct EventBound {
  std::int64_t bytes = std::numeric_limits<std::int64_t>::max();
  std::int64_t steps = 0;  ///< of the run
};

/// Owned by rank 0. Rows are kept in memory until `flush`, which opens the file, appends and closes it, so
/// that between flushes anyone may open the file and a killed run leaves a whole one.
class RunFile {
 public:
  /// Makes missing folders and replaces an older file. Error(usage) if `path` cannot be written.
  RunFile(std::string path, const RunHeader& header, EventBound bound = {});
  /// The file of the same run goes on with one leg more; rows of steps that it does anew are gone. Events of earlier legs count for the
  /// bound. The file is replaced as a whole. Error(usage) for a file that is missing, damaged or another run's.
  static RunFile go_on(std::string path, const RunHeader& header, EventBound bound = {});
  RunFile(RunFile&&) noexcept;
  RunFile& operator=(RunFile&&) noexcept;
  ~RunFile();

  const std::string& path() const;
  /// How long training took, in all, in earlier legs.
  double seconds_before() const;
  /// The last step of the earlier legs, which stopped before they had evaluated it; where they have no row of it, nothing is done. Told to
  /// the disk; Error(failure) if it does not take it.
  void validated(std::int64_t step, double loss);
  void add(const StepRow& row);
  void add(const PassedOver& row);
  /// The events of some steps, one after the other, of every rank. All count for the times that the file tells; those that the bound
  /// allows are rows. The last rows of a step may come with those of the next, and then go beyond the bound where that step is the last.
  void add(std::span<const std::vector<EventRow>> ranks);
  /// Takes a few milliseconds. Error(failure) if the disk does not take the rows: then they are kept, and the file is as it was.
  void flush();
  /// Flushes, and marks that the run came to its end.
  void finish();

 private:
  struct Parts;
  explicit RunFile(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// The newest leg's. Error(usage) for a file that is missing or no run file.
RunHeader read_run_header(const std::string& path);
/// A run file of a schema that this program does not know yet: not damaged.
class UnknownVersion : public Error {
 public:
  using Error::Error;
};
/// Makes a file readable again whose writer was killed as it opened or closed it. Only for who knows that nobody writes it.
void cure(const std::string& path);
/// Of all legs, the first one first; of files of schema 1 one.
std::vector<RunHeader> read_legs(const std::string& path);
std::vector<StepRow> read_steps(const std::string& path);
/// Of all legs; nothing in files that were begun before there was such a thing.
std::vector<PassedOver> read_passed_over(const std::string& path);
/// What the actions of the newest leg took, kind by kind, those of every step. Nothing in files of schema 1.
std::vector<ActionTime> read_action_times(const std::string& path);
StepTimes read_step_times(const std::string& path);

/// The events of a run's newest leg, read as they are asked for.
class StoredEvents {
 public:
  /// Error(usage) as above.
  explicit StoredEvents(const std::string& path);
  StoredEvents(StoredEvents&&) noexcept;
  StoredEvents& operator=(StoredEvents&&) noexcept;
  ~StoredEvents();

  int ranks() const;
  /// Those of the steps `first` to `last`; empty where that rank wrote none.
  std::vector<EventRow> of(Rank rank, std::int64_t first, std::int64_t last) const;
  /// The nearest steps of which there are events: not before, and before this one.
  std::optional<std::int64_t> from(std::int64_t step) const;
  std::optional<std::int64_t> before(std::int64_t step) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace heddle::io
