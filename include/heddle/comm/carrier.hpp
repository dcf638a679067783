// Who carries messages of a device's memory.
#pragma once

#include <memory>
#include <string>

#include "heddle/comm/communicator.hpp"
#include "heddle/comm/device_messages.hpp"
#include "heddle/comm/world.hpp"

namespace heddle::comm {

/// Tells CUDA and NCCL by the environment, where the user has not, how messages between `ranks` processes want them. Before
/// anything is asked of a GPU.
void set_up_libraries(int ranks);

struct Carrier {
  std::shared_ptr<DeviceMessages> library;  ///< of the device; null: the host's message library
  std::string said;                         ///< for a person; empty where the host is the device
};

/// The device's library, where this build has one and each rank a device of its own. Collective over `ranks`: all get
/// the same. `lane` is the device's.
Carrier carrier(const Communicator& ranks, const lanes::Lane& lane);

/// From now on what it finds carries the messages of `world`. Returns what it says.
std::string choose_carrier(World& world, const lanes::Lane& lane);

}  // namespace heddle::comm
