// Where kernels run: a lane (a stream of work), the run-time library behind it, and memory that it can reach.
// The only public header in which types of Kokkos appear.
#pragma once

#include <cstdint>

#include "heddle/kernels/kokkos_compat.hpp"

namespace heddle::kernels {

/// Kernels on one lane run in the order in which they were started; lanes are not ordered among each other.
struct Lane {
  Space space{};

  void fence() const { space.fence(); }
  /// How many threads share the work of one kernel.
  int threads() const { return space.concurrency(); }
};

/// Kokkos lives as long as this object; lanes and memory must not outlive it. One a process.
/// Also holds the GEMM library to the lane's threads: a Serial rank stays on its core although oneDNN knows
/// OpenMP.
class Runtime {
 public:
  /// `threads` = 0 leaves the number to OMP_NUM_THREADS or the machine.
  explicit Runtime(int threads = 0);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
};

/// Owns bytes that kernels can reach, aligned to 64. An exception that passes by leaves them to the process's end.
class Memory {
 public:
  Memory() = default;
  explicit Memory(std::int64_t bytes);
  ~Memory();
  Memory(Memory&& other) noexcept;
  Memory& operator=(Memory&& other) noexcept;

  void* data() const { return data_; }
  std::int64_t bytes() const { return bytes_; }
  void zero(const Lane& lane = {});

 private:
  void* data_ = nullptr;
  std::int64_t bytes_ = 0;
};

}  // namespace heddle::kernels
