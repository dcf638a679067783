// Runs of elements put in their places by the device.
#pragma once

#include <Kokkos_Core.hpp>

#include "heddle/lanes/stream.hpp"

namespace heddle::lanes::cuda {

/// Where runs lie on the device, and how they are shared out.
struct RunsThere {
  Run first;  ///< the only one, where `all` is null
  const Run* all = nullptr;
  std::int64_t count = 0, longest = 0;
};

void land(const Kokkos::Cuda& space, const RunsThere& runs, LandingTypes types, const void* from, void* to,
          Landing landing);

}  // namespace heddle::lanes::cuda
