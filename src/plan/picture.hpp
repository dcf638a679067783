// A timeline as a picture.
#pragma once

#include <string>

#include "heddle/schedule/timeline.hpp"

namespace heddle::plan {

struct Picture {
  const schedule::Schedule& schedule;
  const schedule::Timeline& timeline;
  std::string title;
  std::string remark;  ///< at the right of the title's line
  std::string unit;    ///< below the axis of time
  double units = 1;    ///< in a second
};

/// A row a rank, a box a computation with its microbatch's number where it fits; the later a stage among those of its rank,
/// the paler its boxes. Rows grow thin for many ranks. Throws Error(usage) where the file cannot be written.
void write_png(const std::string& path, const Picture& picture);

}  // namespace heddle::plan
