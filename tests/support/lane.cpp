#include "support/lane.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "heddle/comm/carrier.hpp"
#include "heddle/comm/watch_over.hpp"
#include "support/late_stream.hpp"
#include "support/message_double.hpp"
#include "support/mpi_world.hpp"
#include "support/peer_double.hpp"

namespace heddle::tests {
namespace {

std::shared_ptr<comm::DeviceMessages> device_messages_on(const std::string& kind, const lanes::Lane& lane) {
  using Queues = PeerMemoryDouble::Queues;
  if (kind == "messages") return std::make_shared<MessageDouble>(lane);
  return std::make_shared<PeerDouble>(
      std::make_shared<PeerMemoryDouble>(lane, kind == "peers" ? Queues::many : Queues::one));
}

lanes::Lane late_lane(const std::string& kind) {
  HEDDLE_EXPECT(kind == "shared" || kind == "apart" || kind == "aware" || by_device_messages());
  using Reach = LateStream::Reach;
  lanes::Lane lane(std::make_shared<LateStream>(kind == "apart"   ? Reach::apart
                                                : kind == "aware" ? Reach::aware
                                                                  : Reach::shared));
  comm::watch_over(lane, world().all());
  if (kind == "aware") world().send_through(nullptr, comm::Reach::device);
  if (by_device_messages()) world().send_through(device_messages_on(kind, lane));
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
    const std::string said = comm::choose_carrier(world(), lane, comm::Wish::fastest);
    if (world().rank() == 0) fmt::print("messages between GPUs go {}\n", said);
  }
  return lane;
}

}  // namespace

lanes::Lane lane() {
  if (kind().empty()) return device_lane();
  static const lanes::Lane the_lane = late_lane(kind());
  return the_lane;
}

bool by_device_messages() { return kind() == "messages" || kind() == "peers" || kind() == "peers_in_line"; }

std::shared_ptr<comm::DeviceMessages> device_messages() { return device_messages_on(kind(), lane()); }

}  // namespace heddle::tests
