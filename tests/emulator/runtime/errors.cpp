#include "emulator/runtime/errors.hpp"

#include <cstdio>
#include <utility>

#include "emulator/settings.hpp"

namespace heddle::emulator {
namespace {

thread_local cudaError_t last_error = cudaSuccess;
thread_local Stream* capturing = nullptr;

const char* description(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    case cudaErrorInvalidValue: return "invalid argument";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorInvalidConfiguration: return "invalid configuration argument";
    case cudaErrorNotReady: return "device not ready";
    case cudaErrorStreamCaptureUnsupported: return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureInvalidated: return "operation failed due to a previous error during capture";
    default: return "another error of the emulator";
  }
}

}  // namespace

cudaError_t returned(cudaError_t error) {
  if (error == cudaSuccess) return error;
  if (verbose() && error != cudaErrorNotReady)
    std::fprintf(stderr, "emulator: returns: %s\n", description(error));
  return last_error = error;
}

void set_capturing(Stream* stream) { capturing = stream; }

cudaError_t not_while_capturing() {
  return capturing ? not_captured(capturing, cudaErrorStreamCaptureUnsupported) : cudaSuccess;
}

cudaError_t not_captured(Stream* stream, cudaError_t error) {
  if (!stream->captures) return cudaSuccess;
  stream->spoilt = true;
  return returned(error);
}

extern "C" {

cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return last_error; }
const char* cudaGetErrorString(cudaError_t error) { return description(error); }
const char* cudaGetErrorName(cudaError_t error) { return description(error); }

}  // extern "C"

}  // namespace heddle::emulator
