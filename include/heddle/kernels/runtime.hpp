// The run-time library behind the kernels, which no other module sees.
#pragma once

#include <cstdint>
#include <string>

namespace heddle::kernels {

/// Kernels may run as long as this object lives. One a process. Also holds the GEMM library to the threads of
/// a kernel: a Serial rank stays on its core although oneDNN knows OpenMP.
class Runtime {
 public:
  /// Of the GPUs that it sees the process takes one after the other's, by its rank among those of its host. `threads` = 0
  /// leaves a host's threads to OMP_NUM_THREADS or the machine.
  explicit Runtime(int rank_on_host = 0, int threads = 0);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Why kernels cannot run on this machine; empty if they can.
  static std::string lacks();

  /// How many threads share the work of one kernel, of a host.
  int threads() const;

  /// Bytes of a device that it holds for kernels to work in, those of base/device_rooms.hpp; none of the host.
  static std::int64_t room_bytes();
};

}  // namespace heddle::kernels
