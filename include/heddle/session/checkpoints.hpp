// When a run writes checkpoints, and what is in them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "heddle/io/checkpoint_writer.hpp"
#include "heddle/session/sample_queue.hpp"
#include "heddle/session/state_copy.hpp"
#include "heddle/session/trainer.hpp"

namespace heddle::session {

/// Is it time for what a run of `steps` does every so many of them (0: never before the last) and at its end?
inline bool due(std::int64_t steps_done, std::int64_t every, std::int64_t steps) {
  return steps_done == steps || (every > 0 && steps_done % every == 0);
}

/// A checkpoint that is there.
struct Written {
  std::string path;
  std::int64_t steps_done = 0;
  std::int64_t bytes = 0;  ///< of all ranks; on rank 0 alone, as what follows
  double seconds = 0;      ///< until the last rank's part was on the disk
  double waited = 0;       ///< seconds that training stood still for it
};

/// Those of one run, in a folder of their own.
class Checkpoints {
 public:
  /// Of this trainer on these ranks, in a run of so many steps; both must outlive it. `of_run` has what they all tell of the run.
  Checkpoints(const comm::Communicator& ranks, Trainer& trainer, std::string folder, deck::Output output,
              std::int64_t steps, io::CheckpointHeader of_run);

  /// Before the first step: takes the memory for copies of the state, where they will be made.
  void provide_copy();

  bool due(std::int64_t steps_done) const;
  std::string path(std::int64_t steps_done) const;
  /// Collective, as all that follows: every parameter and moment, each part by the one rank that owns it. Waits until it is there. Throws
  /// io::WriteFailure or io::StateNotFinite on all ranks; then there is none.
  Written write(std::int64_t steps_done, const SampleQueue::Count& samples,
                std::optional<double> validation_loss = {});
  /// The same from a copy of the state, beside training; `finish` ends it.
  void begin(std::int64_t steps_done, const SampleQueue::Count& samples,
             std::optional<double> validation_loss = {});
  /// After how many steps the one was begun that is not finished; the same on all ranks.
  std::optional<std::int64_t> under_way() const;
  /// Whether this rank is still writing its part of it. Not collective.
  bool writes() const;
  Written finish();
  /// On one rank, when the newest is written: removes those of the run that are not to stay. What the file system refuses is told, a line each.
  std::vector<std::string> tidy() const;

 private:
  io::CheckpointHeader header(std::int64_t steps_done, const SampleQueue::Count& samples,
                              std::optional<double> validation_loss) const;
  StateCopy& copy();
  std::vector<train::TrainedParameter> state_now();
  void start(const io::CheckpointHeader& header, const std::vector<train::TrainedParameter>& state);

  const comm::Communicator& ranks_;
  Trainer& trainer_;
  std::string folder_;
  deck::Output output_;
  std::int64_t steps_;
  io::CheckpointHeader of_run_;
  std::unique_ptr<StateCopy> copy_;               ///< of the state, where it was needed
  std::unique_ptr<io::CheckpointWriter> writer_;  ///< of the one that is under way
  Written newest_;
};

}  // namespace heddle::session
