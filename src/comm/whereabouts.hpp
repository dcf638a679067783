// Where a thread is, seen from another one: for a thread that has not said what it does.
#pragma once

#include <pthread.h>
#include <signal.h>
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace heddle::comm {

/// Of the thread that makes it and ends it; one a process. Until it is asked, nothing happens. Then that thread notes its stack, in a
/// handler of SIGURG, a signal that nobody sends where no socket has urgent data. The handler has a stack of its own: kernels that a library compiles use
/// the stack's register for other things.
class Whereabouts {
 public:
  Whereabouts();
  ~Whereabouts();
  Whereabouts(const Whereabouts&) = delete;
  Whereabouts& operator=(const Whereabouts&) = delete;

  /// "MPI_Comm_split, called by comm::CartesianGrid::CartesianGrid": the function of a library that it is in, and the nearest one of this program
  /// that is known beyond its source. "" where that cannot be told. For another thread, one at a time; takes a tenth of a second at most.
  std::string tell() const;

 private:
  pthread_t thread_;
  pid_t number_;  ///< Linux'
  std::vector<std::byte> stack_;
  stack_t stack_before_{};
  struct sigaction handler_before_ {};
};

}  // namespace heddle::comm
