// Marks of a CUDA stream.
#pragma once

#include <memory>
#include <optional>

#include "heddle/lanes/cuda/call.hpp"
#include "heddle/lanes/mark.hpp"

namespace heddle::lanes::cuda {

/// An event of the device's, recorded when it is made.
class Event final : public Mark::Awaited {
 public:
  /// Without a clock.
  explicit Event(cudaStream_t stream);
  /// Tells its time by its distance from `before`, which is recorded; an instant if there is none.
  Event(cudaStream_t stream, std::shared_ptr<const Event> before);
  ~Event() override;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  cudaEvent_t native() const { return event_; }
  bool passed() const override;
  Mark::Clock::time_point when() const override;

 private:
  int device_;
  cudaEvent_t event_ = nullptr;
  mutable std::shared_ptr<const Event> before_;
  mutable std::optional<Mark::Clock::time_point> when_;
};

/// Makes events that tell their time. The device counts from one event to another in fp32, so every second there is
/// a new one to count from.
class Stopwatch {
 public:
  std::shared_ptr<const Event> record(cudaStream_t stream);

 private:
  std::shared_ptr<const Event> last_;
  Mark::Clock::time_point made_;
};

}  // namespace heddle::lanes::cuda
