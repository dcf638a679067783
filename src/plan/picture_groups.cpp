#include "picture_groups.hpp"

#include <fmt/format.h>

#include <cmath>

namespace heddle::plan {

std::string paler(const Colour& colour, double white) {
  const auto mix = [&](int part) { return static_cast<int>(std::lround(part + (255 - part) * white)); };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(colour.red), mix(colour.green), mix(colour.blue));
}

std::size_t group_of(schedule::ActionKind kind) {
  using schedule::ActionKind;
  switch (kind) {
    case ActionKind::forward: return 4;
    case ActionKind::backward: return 5;
    case ActionKind::backward_input: return 6;
    case ActionKind::backward_weight: return 7;
    case ActionKind::reduce_gradients: return 2;
    case ActionKind::step: return 3;
    default: return is_send(kind) ? 1 : 0;
  }
}

}  // namespace heddle::plan
