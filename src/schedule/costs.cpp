// Which border between stages a message crosses.
#include "heddle/schedule/costs.hpp"

#include <algorithm>

namespace heddle::schedule {
namespace {

Stage border(const Action& message) { return std::min(message.stage, partner_stage(message)); }

}  // namespace

const Link& Costs::link_of(const Action& message) const {
  return links.empty() ? link : links[border(message)];
}

double Costs::bytes_of(const Action& message) const {
  return boundary_bytes.empty() ? 0 : boundary_bytes[border(message)];
}

}  // namespace heddle::schedule
