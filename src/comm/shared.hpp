// What all communicators of a run share.
#pragma once

#include <vector>

#include "heddle/comm/watchdog.hpp"
#include "starts.hpp"
#include "workspaces.hpp"

namespace heddle::comm {

struct Shared {
  Watchdog watchdog;
  Starts starts;
  Workspaces staging{lanes::Memory::beside};
  /// Communicators that are used no more. Freeing is collective, so it waits for a moment at which all their
  /// ranks are known to be.
  std::vector<MPI_Comm> retired;

  /// After a barrier of `here`, where no rank is unwinding: frees those whose ranks are all of it.
  void free_retired(MPI_Comm here);
};

}  // namespace heddle::comm
