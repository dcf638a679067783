// A place in a lane's work.
#pragma once

#include <chrono>
#include <memory>

namespace heddle::lanes {

/// Passed once all is done that was enqueued before it.
class Mark {
 public:
  using Clock = std::chrono::steady_clock;
  /// A device's side of it.
  class Awaited {
   public:
    virtual ~Awaited() = default;
    /// Never blocks. Any thread may ask.
    virtual bool passed() const = 0;
    virtual Clock::time_point when() const = 0;
  };

  Mark() = default;  ///< passed
  explicit Mark(Clock::time_point when) : when_(when) {}
  explicit Mark(std::shared_ptr<const Awaited> awaited) : awaited_(std::move(awaited)) {}

  bool passed() const { return !awaited_ || awaited_->passed(); }
  /// The device's side of it; null where it is passed.
  const std::shared_ptr<const Awaited>& awaited() const { return awaited_; }
  /// When the lane came here: of a mark that Lane::moment() made and that is passed.
  Clock::time_point when() const { return awaited_ ? awaited_->when() : when_; }

 private:
  std::shared_ptr<const Awaited> awaited_;
  Clock::time_point when_;
};

}  // namespace heddle::lanes
