// What CUDA's handles stand for.
#pragma once
#include <cuda_runtime_api.h>

#include "emulator/runtime/streams.hpp"

namespace heddle::emulator {

/// The default one for null.
inline Stream* stream_of(cudaStream_t s) {
  const bool named = s && s != cudaStreamLegacy && s != cudaStreamPerThread;
  return named ? reinterpret_cast<Stream*>(s) : Gpu::get().default_stream();
}

inline std::shared_ptr<Event>& event_of(cudaEvent_t e) {
  return *reinterpret_cast<std::shared_ptr<Event>*>(e);
}

}  // namespace heddle::emulator
