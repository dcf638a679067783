// Waits that no message ends, under the eyes of the watchdog: for a lane's work, and for a library that
// writes a file.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "heddle/comm/communicator.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::comm {

/// From now on a wait of the host for this lane answers other ranks' watchdogs, ends the run after
/// comm.timeout with the table of who waits for whom, and starts the requests whose turn comes meanwhile. The
/// run must outlive the lane.
void watch_over(const lanes::Lane& lane, const Communicator& ranks);

/// While it lives this rank is inside a library that answers nobody (HDF5 writes a file, say): the table of a
/// hang calls it busy or dead. Each time that comm.timeout has passed it says so itself on stderr, by a
/// thread that calls no MPI.
class Away {
 public:
  Away(const Communicator& ranks, const std::string& doing);
  ~Away();
  Away(const Away&) = delete;
  Away& operator=(const Away&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool back_ = false;
  std::thread says_so_;
};

}  // namespace heddle::comm
