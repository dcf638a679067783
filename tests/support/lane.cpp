#include "support/lane.hpp"

#include <cstdlib>
#include <string>
#include <utility>

#include "heddle/comm/carrier.hpp"
#include "heddle/comm/watch_over.hpp"
#include "support/late_stream.hpp"
#include "support/message_double.hpp"
#include "support/mpi_world.hpp"

namespace heddle::tests {
namespace {

lanes::Lane late_lane(const std::string& kind) {
  HEDDLE_EXPECT(kind == "shared" || kind == "apart" || kind == "messages");
  using Reach = LateStream::Reach;
  lanes::Lane lane(std::make_shared<LateStream>(kind == "apart" ? Reach::apart : Reach::shared));
  comm::watch_over(lane, world().all());
  if (kind == "messages") world().send_through(std::make_shared<MessageDouble>(lane));
  return lane;
}

std::string kind() {
  const char* const late = std::getenv("HEDDLE_LATE_LANES");
  return late ? late : "";
}

/// The first time as a session does.
lanes::Lane device_lane() {
  const lanes::Lane lane = lanes::device_lane();
  static bool set_up = false;
  if (lane.stream() && !std::exchange(set_up, true)) {
    comm::watch_over(lane, world().all());
    comm::choose_carrier(world(), lane);
  }
  return lane;
}

}  // namespace

lanes::Lane lane() {
  if (kind().empty()) return device_lane();
  static const lanes::Lane the_lane = late_lane(kind());
  return the_lane;
}

bool by_device_messages() { return kind() == "messages"; }

}  // namespace heddle::tests
