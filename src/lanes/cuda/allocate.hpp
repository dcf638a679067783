// Memory of a GPU, and of the host beside it, which Kokkos manages.
#pragma once

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <memory>
#include <string>

#include "heddle/base/error.hpp"

namespace heddle::lanes::cuda {

/// After a fault of the GPU Kokkos throws; what is not let go then goes with the process, as what is let go after its end.
template <class MemorySpace>
void release(void* memory) noexcept {
  try {
    if (Kokkos::is_initialized()) Kokkos::kokkos_free<MemorySpace>(memory);
  } catch (const std::exception&) {
  }
}

/// Throws Error where there is no memory left.
template <class MemorySpace>
std::shared_ptr<void> allocate(std::int64_t bytes, const char* where) {
  try {
    void* const data = Kokkos::kokkos_malloc<MemorySpace>("lane", static_cast<std::size_t>(bytes));
    return {data, release<MemorySpace>};
  } catch (const std::exception& refused) {
    throw Error(ExitCode::failure, "cannot allocate " + std::to_string(bytes >> 20) + " MiB " + where,
                refused.what(), "give a rank less: more ranks, or a smaller train.batch or model");
  }
}

}  // namespace heddle::lanes::cuda
