// What becomes of steps that do not count: train.on_nan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "heddle/deck/deck.hpp"
#include "heddle/session/origin.hpp"
#include "heddle/session/progress.hpp"
#include "heddle/session/recorder.hpp"
#include "heddle/session/sample_queue.hpp"

namespace heddle::session {

/// Of all ranks, which decide alike.
class Refusals {
 public:
  struct Input {
    const deck::Train& train;
    const comm::World& world;
    const exec::Clock& clock;
    Trainer& trainer;
    Recorder& recorder;
    Progress& progress;
    std::int64_t before = 0;  ///< passed over by earlier legs
  };
  explicit Refusals(Input input) : in_(input), count_(input.before) {}

  enum class Outcome : std::uint8_t {
    counts,       ///< made once more it does
    passed_over,  ///< it is to be made with the samples that follow
    rolled_back,  ///< so it is, from the last checkpoint on
  };
  /// Collective, of the step that `refused` is of, which learnt `samples` and this rank `batch` of them: makes it once more, finds where its numbers went wrong,
  /// and says and writes what becomes of it. `again` watches it then. Throws Error(numbers) where that is the run's end.
  Outcome meet(const train::Refused& refused, Samples samples, const data::Batch& batch,
               exec::Observer& again);
  /// Whether it is `meet`'s, which every rank throws.
  static bool ends_all(const std::exception& error);

 private:
  struct Case {
    train::StepResult result;
    std::string problem, why;
  };
  std::optional<train::Refused> once_more(std::int64_t step, const data::Batch& batch, exec::Observer& again,
                                          OriginFinder& finder);
  /// Else `one` has what was found.
  bool counts_once_more(Case& one, const Samples& samples, const data::Batch& batch, exec::Observer& again);
  void go_on_or_end(const Case& of, const std::string& fix);
  [[noreturn]] void end(const Case& of, const std::string& why, const std::string& fix);
  void warn(const std::string& line) const;

  Input in_;
  std::int64_t count_;  ///< of steps that did not count, or only once more
};

}  // namespace heddle::session
