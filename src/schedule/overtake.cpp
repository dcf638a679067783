#include "heddle/schedule/overtake.hpp"

#include <algorithm>

namespace heddle::schedule {

bool may_overtake(const Action& later, const Action& earlier, const Dependencies& dependencies) {
  if (is_per_stage(later.kind) || is_per_stage(earlier.kind)) return false;
  const bool alike =
      later.kind == earlier.kind || (adds_to_gradients(later.kind) && adds_to_gradients(earlier.kind));
  if (alike && later.stage == earlier.stage) return false;
  const Needs all = dependencies.of(later);
  return std::none_of(all.begin(), all.end(),
                      [&](const Need& need) { return need.either == earlier || need.other == earlier; });
}

}  // namespace heddle::schedule
