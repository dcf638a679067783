// Work of a stream as a CUDA graph.
#pragma once

#include <cuda_runtime.h>

#include <functional>

#include "heddle/lanes/stream.hpp"

namespace heddle::lanes::cuda {

/// See Stream::record. Kernels, copies on the device and fills take their arguments along.
Recorded record(cudaStream_t stream, const std::function<void()>& work);

}  // namespace heddle::lanes::cuda
