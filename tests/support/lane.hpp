// The lane that tests under mpirun compute on: the device's, or as HEDDLE_LATE_LANES says one whose work is late.
#pragma once

#include <memory>

#include "heddle/comm/device_messages.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::tests {

/// HEDDLE_LATE_LANES is "shared" or "apart" (the host and its messages reach the lane's memory or do not), or "messages":
/// what is on the lane goes through a device's message library (message_double.hpp); or "aware":
/// MPI alone reaches the lane's memory; or "peers", "peers_in_line": it goes through
/// memory that ranks reach in each other (peer_double.hpp), by lanes of their own or one after the other. The first call is collective.
lanes::Lane lane();

/// Does a device's message library carry what is on the lane?
bool by_device_messages();
/// Another one of its kind.
std::shared_ptr<comm::DeviceMessages> device_messages();

}  // namespace heddle::tests
