// Timelines as a picture: what every rank did when, and where it waited, in SVG, which browsers
// and editors show.
#pragma once

#include <string>
#include <vector>

#include "heddle/schedule/timeline.hpp"

namespace heddle::plan {

/// A timeline, drawn from its first event on.
struct Panel {
  schedule::Timeline timeline;
  std::string caption = {};  ///< above its rows; empty: none
};

/// Panels lie under each other and share one scale of time.
struct Picture {
  std::string title = {};
  std::string remark = {};  ///< at the right of the title's line
  std::string unit = {};  ///< below the axis of time; empty: the times are seconds, in a unit that suits them
  std::vector<Panel> panels = {};
};

/// A row a rank, a box an action, a microbatch's number in each computation where it fits; the later a stage
/// among those of its rank, the paler its boxes. Waits and sends are flat. Rows grow thin for many ranks; where many boxes would
/// be narrower than some pixels, columns show shares of their time.
std::string svg(const Picture& picture);

}  // namespace heddle::plan
