// The lane that tests under mpirun compute on: the device's, or as HEDDLE_LATE_LANES says one whose work is late.
#pragma once

#include "heddle/lanes/lane.hpp"

namespace heddle::tests {

/// HEDDLE_LATE_LANES is "shared" or "apart" (the host and its messages reach the lane's memory or do not), or "messages":
/// what is on the lane goes through a device's message library (message_double.hpp). The first call is collective.
lanes::Lane lane();

/// Is it "messages"?
bool by_device_messages();

}  // namespace heddle::tests
