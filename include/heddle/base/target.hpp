// Targets that do not count: what fills a batch that is not full.
#pragma once

#include <cstdint>

namespace heddle {

/// Stands where a token's id would. Its row adds nothing to the loss nor to any gradient; the mean is taken
/// over the others, so that a run's loss scale is one over their number.
inline constexpr std::int32_t ignored_target = -1;

}  // namespace heddle
