// What of a rank's row is too narrow to be told apart, and is drawn as shares of its time.
#pragma once

#include <cstddef>
#include <vector>

#include "heddle/schedule/timeline.hpp"

namespace heddle::plan {

/// Events [first, end) of a rank: one, drawn as a box, or several, drawn as one column.
struct Stretch {
  std::size_t first, end;
};

/// The events, in the order of time, where a second is so many pixels wide. Those that are narrower than 4 pixels and follow each
/// other over 20 pixels are one stretch: 64 ranks with 256 microbatches, box by box, would be a field of one colour that none has.
std::vector<Stretch> stretches(const std::vector<schedule::Event>& events, double pixels);

}  // namespace heddle::plan
