// What this build and its device have to carry messages with: src/comm/{nccl,by_host} and src/comm/{cuda,host} each say their part.
#pragma once

#include <memory>

#include "heddle/comm/device_messages.hpp"
#include "heddle/comm/peer_memory.hpp"

namespace heddle::comm {

/// NCCL; null in a build without it.
std::shared_ptr<DeviceMessages> nccl_library();

/// Memory of this process's device for the others of its host; null where the host is the device.
std::shared_ptr<PeerMemory> peer_memory();

}  // namespace heddle::comm
