// The memory that messages want on a rank beside what its program is planned in: known before there is one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heddle/plan/plan.hpp"

namespace heddle::plan {

/// Who carries messages, from which memory.
enum class Carrying : std::uint8_t {
  host,    ///< the host's library, from memory that it reaches
  device,  ///< the device's
  staged,  ///< the host's, from copies on the host of what lies on a device
  aware,   ///< the host's, from a device's memory, which takes messages alone (`comm.device_aware`)
};
struct Carriers {
  Carrying maps = Carrying::host, stages = Carrying::host;  ///< of maps and gradients; between stages
  Carrying hosts = Carrying::host;  ///< how the host's library carries what is its own in any case
};
/// All by the same.
constexpr Carriers all_by(Carrying who) {
  return {who, who, who == Carrying::device ? Carrying::staged : who};
}

/// Rooms of one size, so many of which are in use at once.
struct MessageRooms {
  maps::AxisSet axes;  ///< along which the ranks communicate that use them
  std::int64_t bytes = 0;
  int count = 0;
  std::vector<int> among = {};  ///< if only some of them do: maps::Map::among

  friend bool operator==(const MessageRooms&, const MessageRooms&) = default;
};
std::int64_t bytes_of(std::span<const MessageRooms> rooms);

struct MessageMemory {
  /// Where the tensors lie: what arrives and is not where it belongs, above all terms of sums; what is packed to be sent;
  /// sums that are rounded once.
  std::vector<MessageRooms> landing;
  /// On the host, for copies. `axes` are of no account.
  std::vector<MessageRooms> staged;
  /// In the host's library, which allocates them for as long as a sum is under way: as long as the sum, in Open MPI and MPICH.
  std::vector<MessageRooms> library;
};

/// As much as may be in use at once, in training or evaluation. A map that a host carries is under way until a node touches its
/// values, a bucket of gradients until the end of the step; what a device's library carries leaves its room to the next
/// on the same lane.
MessageMemory message_memory(const Plan& plan, Rank rank, Carriers carriers);

}  // namespace heddle::plan
