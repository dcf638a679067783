// The sum of what several ranks have put into this one's memory.
#pragma once

#include <cuda_runtime.h>

#include <span>

#include "heddle/base/tensor.hpp"

namespace heddle::comm::cuda {

/// sum = terms[0] + terms[1] + ... in this order, whatever the numbers of threads: the same bits every time. The sum may be one of
/// the terms. Enqueued; at most PeerMemory::most_ranks terms.
cudaError_t sum_terms(cudaStream_t stream, std::span<const void* const> terms, const Tensor& sum);

}  // namespace heddle::comm::cuda
