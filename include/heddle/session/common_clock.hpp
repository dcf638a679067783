// One time for all ranks.
#pragma once

#include "heddle/comm/communicator.hpp"
#include "heddle/exec/device_machine.hpp"

namespace heddle::session {

/// A clock that begins on every rank when rank 0 asks for it. Collective.
exec::Clock common_clock(const comm::Communicator& world);

}  // namespace heddle::session
