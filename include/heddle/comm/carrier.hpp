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

/// What a user may ask for: that MPI is handed a device's memory, whatever else there is. `comm.device_aware` says it.
enum class Wish : bool { fastest, device_aware_mpi };

struct Carrier {
  std::shared_ptr<DeviceMessages> library;  ///< of the device; null: MPI
  Reach mpi = Reach::host;                  ///< the memory that MPI is handed
  std::string said;                         ///< for a person; empty where the host is the device
};

/// NCCL, where this build has it and each rank has a GPU of its own; else memory that ranks reach in each other, where all are on one
/// host and a trial succeeds; else MPI, through the host. Collective over `ranks`: all get the same. `lane` is the device's. Throws
/// Error where a wish cannot be granted.
Carrier carrier(const Communicator& ranks, const lanes::Lane& lane, Wish wish);

/// From now on what it finds carries the messages of `world`. Returns what it says.
std::string choose_carrier(World& world, const lanes::Lane& lane, Wish wish);

}  // namespace heddle::comm
