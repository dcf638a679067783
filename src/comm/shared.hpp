// What all communicators of a run share.
#pragma once

#include <vector>

#include "awaited.hpp"
#include "heddle/comm/device_messages.hpp"
#include "heddle/comm/watchdog.hpp"
#include "starts.hpp"
#include "workspaces.hpp"

namespace heddle::comm {

struct Shared {
  Watchdog watchdog;
  Starts starts;
  Awaited awaited;
  MessageMemory memory;
  Workspaces staging{lanes::Memory::beside, memory.staged};
  std::shared_ptr<DeviceMessages> device;  ///< null: the host's message library carries all
  bool mpi_reaches_devices = false;        ///< what of all that it can take (request_state.hpp)

  /// To be called from whatever waits.
  void move_on() {
    starts.move_on();
    if (device) device->look_after();
  }
  /// Communicators that are used no more. Freeing is collective, so it waits for a moment at which all their
  /// ranks are known to be.
  std::vector<MPI_Comm> retired;

  /// After a barrier of `here`, where no rank is unwinding: frees those whose ranks are all of it.
  void free_retired(MPI_Comm here);
};

}  // namespace heddle::comm
