// Calls of the CUDA runtime.
#pragma once

#include <cuda_runtime.h>

namespace heddle::lanes::cuda {

/// Throws Error that names the call and CUDA's reason.
void check(cudaError_t result, const char* call);

}  // namespace heddle::lanes::cuda
