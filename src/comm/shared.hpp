// What all communicators of a run share.
#pragma once

#include <vector>

#include "heddle/comm/watchdog.hpp"
#include "starts.hpp"

namespace heddle::comm {

struct Shared {
  Watchdog watchdog;
  Starts starts;
  /// Communicators that are used no more. Freeing is collective, so it waits for a moment at which all ranks
  /// are known to be.
  std::vector<MPI_Comm> retired;

  /// After a barrier, where no rank is unwinding.
  void free_retired();
};

}  // namespace heddle::comm
