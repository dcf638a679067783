// Memory of a GPU, and of the host beside it, which Kokkos manages.
#pragma once

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <memory>
#include <string>

#include "heddle/base/error.hpp"

namespace heddle::lanes::cuda {

/// Throws Error where there is no memory left. What is let go after Kokkos has ended goes with the process.
template <class MemorySpace>
std::shared_ptr<void> allocate(std::int64_t bytes, const char* where) {
  try {
    void* const data = Kokkos::kokkos_malloc<MemorySpace>("lane", static_cast<std::size_t>(bytes));
    return {data, [](void* gone) {
              if (Kokkos::is_initialized()) Kokkos::kokkos_free<MemorySpace>(gone);
            }};
  } catch (const std::exception& refused) {
    throw Error(ExitCode::failure, "cannot allocate " + std::to_string(bytes >> 20) + " MiB " + where,
                refused.what(), "give a rank less: more ranks, or a smaller train.batch or model");
  }
}

}  // namespace heddle::lanes::cuda
