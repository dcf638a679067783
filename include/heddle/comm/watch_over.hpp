// Waits that no message ends, under the eyes of the watchdog: for a lane's work, and for a library that
// writes a file.
#pragma once

#include <optional>
#include <string>

#include "heddle/comm/communicator.hpp"
#include "heddle/comm/watchdog.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::comm {

/// From now on a wait of the host for this lane is one that the watchdog knows (watchdog.hpp): it hears of
/// failed ranks, and starts the requests whose turn comes meanwhile. The
/// run must outlive the lane.
void watch_over(const lanes::Lane& lane, const Communicator& ranks);

/// While it lives this rank is inside a library in which it may wait for others (HDF5 writes a file, say): that is what its
/// watchdog answers. News of a failed rank do not end such a wait.
class Away {
 public:
  Away(const Communicator& ranks, const std::string& doing);
  ~Away();
  Away(const Away&) = delete;
  Away& operator=(const Away&) = delete;

 private:
  Watchdog::Board& board_;
  std::optional<Waiting> around_;
};

}  // namespace heddle::comm
