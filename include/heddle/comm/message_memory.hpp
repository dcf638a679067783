// The memory that messages use beside the tensors that they are of. It is made before the first step where somebody has planned
// it (plan/message_memory.hpp), else when it is first needed, and kept.
#pragma once

#include <cstdint>

#include "heddle/comm/communicator.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::comm {

/// What all communicators of a run have made.
struct MessageMemory {
  struct Made {
    std::int64_t bytes = 0, count = 0;
    std::int64_t used = 0;  ///< bytes of those that were ever in use
  };
  Made landing;  ///< where the tensors lie, for what arrives or is packed
  Made staged;   ///< on the host, for copies
};
const MessageMemory& message_memory(const Communicator& any);

/// Does a device's library carry what is on this lane between several ranks?
bool by_device(const Communicator& any, const lanes::Lane& lane);
/// Is MPI handed the memory of this lane, which the host does not reach?
bool by_device_aware_mpi(const Communicator& any, const lanes::Lane& lane);

/// At least so many rooms of a size, for messages of `group` of tensors on `lane`.
void provide_landing(const Communicator& group, const lanes::Lane& lane, std::int64_t bytes, int count);
/// The same on the host, for the copies of all groups.
void provide_staging(const Communicator& any, const lanes::Lane& lane, std::int64_t bytes, int count);

}  // namespace heddle::comm
