// The errors of a thread's calls, and what may not be called while it records a stream.
#pragma once
#include <cuda_runtime_api.h>

#include "emulator/runtime/streams.hpp"

namespace heddle::emulator {

/// An error stays the thread's last one until that is asked for, cudaErrorNotReady too.
cudaError_t returned(cudaError_t error);

/// The stream that this thread records, or null.
void set_capturing(Stream* stream);
/// An error, and a spoilt recording, while this thread records.
cudaError_t not_while_capturing();
/// The same where `stream` is recorded.
cudaError_t not_captured(Stream* stream, cudaError_t error);

}  // namespace heddle::emulator
