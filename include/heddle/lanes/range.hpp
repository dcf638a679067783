// Names around what the host enqueues on a lane, for a profiler that shows them beside the device's work.
#pragma once

#include <string>
#include <utility>

#include "heddle/lanes/lane.hpp"

namespace heddle::lanes {

/// From construction to destruction; ranges lie within one another. `name()` is asked only where somebody listens
/// (Stream::ranges): elsewhere a range costs a comparison.
class Range {
 public:
  template <class Name>
  Range(const Lane& lane, Name&& name) : ranges_(lane.stream() ? lane.stream()->ranges : nullptr) {
    if (ranges_) ranges_->begin(std::forward<Name>(name)());
  }
  ~Range() {
    if (ranges_) ranges_->end();
  }
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;

 private:
  Ranges* ranges_;
};

}  // namespace heddle::lanes
