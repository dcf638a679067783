// When a run writes checkpoints, and what is in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heddle/io/checkpoint.hpp"
#include "heddle/session/sample_queue.hpp"
#include "heddle/session/trainer.hpp"

namespace heddle::session {

/// Is it time for what a run of `steps` does every so many of them (0: never before the last) and at its end?
inline bool due(std::int64_t steps_done, std::int64_t every, std::int64_t steps) {
  return steps_done == steps || (every > 0 && steps_done % every == 0);
}

/// Those of one run, in a folder of their own.
class Checkpoints {
 public:
  /// Of a run of so many steps. `of_run` has what they all tell of it.
  Checkpoints(std::string folder, deck::Output output, std::int64_t steps, io::CheckpointHeader of_run);

  bool due(std::int64_t steps_done) const;
  std::string path(std::int64_t steps_done) const;
  /// Collective: every parameter and moment, each part by the one rank that owns it. Returns the path.
  std::string write(const comm::Communicator& ranks, const Trainer& trainer, std::int64_t steps_done,
                    const SampleQueue::Count& samples, std::optional<double> validation_loss = {}) const;
  /// On one rank, when the newest is written: removes those of the run that are not to stay. What the file system refuses is told, a line each.
  std::vector<std::string> tidy() const;

 private:
  std::string folder_;
  deck::Output output_;
  std::int64_t steps_;
  io::CheckpointHeader of_run_;
};

}  // namespace heddle::session
