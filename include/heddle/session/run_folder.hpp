// The folder of a run: one run's at a time, and no other run's results are lost in it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace heddle::session {

/// What becomes of a run that left its results in the folder.
enum class EarlierRun : std::uint8_t { refused, replaced, continued };

/// On one rank, for as long as the run goes on. While it lives `run.lock` in the folder says who is at work there: host, process, Slurm's job, since when. A
/// thread touches it every beat. A lock is stale when its process is gone on this host, when the same job of Slurm was
/// started once more, and when it was not touched for three beats.
class RunFolder {
 public:
  /// Makes the folder. Throws Error(usage) if another run is at work in it, if an earlier one left its results there and is not to be replaced,
  /// and if nothing can be written there.
  RunFolder(std::string path, EarlierRun earlier);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  /// Throws Error(usage) if a run left its results in it.
  void demand_unused() const;
  /// Of the earlier run, when the new one has a file of its own.
  void remove_checkpoints() const;
  /// Gives those of later steps, which this run leaves behind as it goes on from this one, a name of their own.
  void set_aside_checkpoints_after(std::int64_t step) const;

 private:
  std::string file(const std::string& name) const;
  void beat();

  std::string path_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread beats_;
};

}  // namespace heddle::session
