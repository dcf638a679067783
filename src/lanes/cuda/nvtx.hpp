// NVTX: names for NVIDIA's profilers.
#pragma once

#include "heddle/lanes/stream.hpp"

namespace heddle::lanes::cuda {

/// Null where no profiler has been attached to this process.
Ranges* nvtx_ranges();

}  // namespace heddle::lanes::cuda
