// The rows of run.h5's tables.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "heddle/comm/communicator.hpp"
#include "heddle/schedule/event.hpp"

namespace heddle::io {

struct MemoryRegion {
  std::int64_t rank = 0;
  std::string region;  ///< "parameters", "gradients", ...
  std::int64_t bytes = 0;
  friend bool operator==(const MemoryRegion&, const MemoryRegion&) = default;
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

/// A step that did not count, and whose samples are passed over.
struct PassedOver {
  std::int64_t step = 0;  ///< that it would have been
  std::int64_t first_sample = 0, samples = 0;
  double loss = 0, gradient_norm = 0;
};

struct EventRow {
  std::int64_t step = 0;
  schedule::Event event;
};

/// What a rank's actions of one kind took in all steps.
struct ActionTime {
  std::int64_t rank = 0;
  schedule::ActionKind kind{};
  std::int64_t actions = 0;
  double seconds = 0;
  friend bool operator==(const ActionTime&, const ActionTime&) = default;
};

/// Of steps, each from the first action of any rank to the last of any.
struct StepTimes {
  std::int64_t steps = 0;
  double seconds = 0;  ///< in all
  friend bool operator==(const StepTimes&, const StepTimes&) = default;
};

/// Collective. The rows of every rank in order of ranks, on rank 0; empty elsewhere.
std::vector<std::vector<EventRow>> gather_events(const comm::Communicator& ranks,
                                                 std::span<const EventRow> mine);

}  // namespace heddle::io
