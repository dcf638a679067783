// Absorbs what differs between Kokkos 3.4 and 5.x, and names the one execution space that a build uses.
#pragma once

#include <Kokkos_Core.hpp>
#include <optional>
#include <type_traits>

namespace heddle::kernels {

using Space = Kokkos::DefaultExecutionSpace;
using MemorySpace = Space::memory_space;
using Policy = Kokkos::TeamPolicy<Space>;
using Team = Policy::member_type;

/// Whether the threads are a host's. There a team is one thread: a row's sums then never depend on how many there are.
inline constexpr bool host_threads = std::is_same_v<MemorySpace, Kokkos::HostSpace>;
/// Whether kernels go the host's ways. A test makes the host go a device's.
#ifdef HEDDLE_DEVICE_PACKS
inline constexpr bool on_host = false;
#else
inline constexpr bool on_host = host_threads;
#endif
inline constexpr int team_threads = host_threads ? 1 : 4;
inline constexpr int vector_lanes = on_host ? 1 : 32;
/// Host scratch of level 1 has no small limit; on a device level 0 is the fast shared memory.
inline constexpr int scratch_level = on_host ? 1 : 0;

/// Whether Kokkos hands a GPU's kernel the body of a loop over teams as its argument. What is larger goes through one place in
/// constant memory: the host waits there for the kernel before, and a graph would replay whatever lies in it then.
template <class Body>
constexpr bool is_argument() {
#ifdef KOKKOS_ENABLE_CUDA
  return sizeof(Kokkos::Impl::ParallelFor<Body, Policy>) <
         Kokkos::Impl::CudaTraits::ConstantMemoryUseThreshold;
#else
  return true;
#endif
}

struct KokkosSettings {
  int threads = 0;              ///< 0 leaves the number to Kokkos: OMP_NUM_THREADS, or all cores
  std::optional<int> gpu = {};  ///< the number of one that this process sees
};

inline void initialize_kokkos(const KokkosSettings& wanted) {
#if KOKKOS_VERSION >= 30700
  Kokkos::InitializationSettings settings;
  settings.set_disable_warnings(true);
  if (wanted.threads > 0) settings.set_num_threads(wanted.threads);
  if (wanted.gpu) settings.set_device_id(*wanted.gpu);
#else
  Kokkos::InitArguments settings;
  settings.disable_warnings = true;
  if (wanted.threads > 0) settings.num_threads = wanted.threads;
  if (wanted.gpu) settings.device_id = *wanted.gpu;
#endif
  Kokkos::initialize(settings);
}

}  // namespace heddle::kernels
