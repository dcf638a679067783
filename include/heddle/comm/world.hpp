// All processes of the run: starts and ends MPI, and lets every rank leave with the same exit code.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "heddle/base/error.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/comm/device_messages.hpp"
#include "heddle/comm/watchdog.hpp"

namespace heddle::comm {

/// The memory that MPI is handed: the host's alone, or a device's too, by a device-aware MPI.
enum class Reach { host, device };

/// One per process, made first thing in main and destroyed last. Asks MPI for MPI_THREAD_MULTIPLE: the
/// thread that makes it calls MPI, and the watchdog's; no thread of kernels or lanes does.
class World {
 public:
  World(int& argc, char**& argv);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int rank() const;
  int size() const;
  /// The host of every rank.
  const std::vector<std::string>& hosts() const;
  /// Of the ranks on this one's host, how many come before it.
  int rank_on_host() const;
  const Communicator& all() const;
  Watchdog& watchdog();
  /// From now on messages on a device's lane go through `library`, on communicators that are made from now on; null: through
  /// MPI, which reaches the memory that `mpi` says. All ranks say the same.
  void send_through(std::shared_ptr<DeviceMessages> library, Reach mpi = Reach::host);

  /// The worst code over all ranks. Where that is not `done`, rank 0 prints to stderr the message of the
  /// lowest rank that failed with it by itself, and every other rank's wait ends with PeerFailed. No rank
  /// returns before the message is out.
  ExitCode agree(ExitCode code, const std::string& message = "");

  /// Runs `body`, turns what it throws into a code and a message, and agrees: what main returns.
  ExitCode run(const std::function<void()>& body);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// As World::hosts names it; to be asked between the beginning and the end of a World.
std::string this_host();

}  // namespace heddle::comm
