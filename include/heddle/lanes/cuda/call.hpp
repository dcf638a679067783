// Calls of the CUDA runtime.
#pragma once

#include <cuda_runtime.h>

namespace heddle::lanes::cuda {

/// Throws Error that names the call and CUDA's reason. The next call is told of its own errors alone.
void check(cudaError_t result, const char* call);

}  // namespace heddle::lanes::cuda
