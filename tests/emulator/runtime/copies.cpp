#include <cuda_runtime_api.h>

#include <cstring>

#include "emulator/failure.hpp"
#include "emulator/memory/memory.hpp"
#include "emulator/runtime/errors.hpp"
#include "emulator/runtime/handles.hpp"

namespace heddle::emulator {
namespace {

void copy_now(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  char* const into = reach_any(to, bytes);
  const char* const out_of = reach_any(from, bytes);
  if (!into || !out_of)
    fail("a copy of {} bytes from {} to {} goes beyond the device's memory", bytes, fmt::ptr(from),
         fmt::ptr(to));
  std::memmove(into, out_of, bytes);
}

void fill_now(void* to, int value, std::size_t bytes) {
  if (bytes == 0) return;
  char* const into = reach_any(to, bytes);
  if (!into) fail("cudaMemset of {} bytes at {} goes beyond the device's memory", bytes, fmt::ptr(to));
  std::memset(into, value, bytes);
}

/// CUDA takes the addresses' word against the caller's; here the caller has to be right.
void check_kind(Place from, Place to, cudaMemcpyKind kind) {
  const bool from_device = from == Place::device, to_device = to == Place::device;
  if (kind == cudaMemcpyHostToDevice && (from_device || !to_device))
    fail("a copy is not from the host to the device");
  if (kind == cudaMemcpyDeviceToHost && (!from_device || to_device))
    fail("a copy is not from the device to the host");
  if (kind == cudaMemcpyDeviceToDevice && (!from_device || !to_device))
    fail("a copy is not within the device");
}

}  // namespace

extern "C" {

/// The host waits where its own memory is not pinned.
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t s) {
  const Place source = place_of(from), target = place_of(to);
  check_kind(source, target, kind);
  Stream* const stream = stream_of(s);
  if (source != Place::host && target != Place::host) {
    Gpu::get().enqueue(stream, [=] {
      copy_now(to, from, bytes);
      return true;
    });
    return cudaSuccess;
  }
  if (const cudaError_t error = not_captured(stream, cudaErrorStreamCaptureUnsupported)) return error;
  Gpu::get().wait(stream);
  copy_now(to, from, bytes);
  return cudaSuccess;
}

/// Of the default stream, for which those made by cudaStreamNonBlocking do not wait.
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind) {
  if (const cudaError_t error = not_while_capturing()) return error;
  Gpu::get().wait(Gpu::get().default_stream());
  copy_now(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t s) {
  if (place_of(to) == Place::host) return returned(cudaErrorInvalidValue);
  Gpu::get().enqueue(stream_of(s), [=] {
    fill_now(to, value, bytes);
    return true;
  });
  return cudaSuccess;
}
cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  return cudaMemsetAsync(to, value, bytes, nullptr);
}
cudaError_t cudaMemPrefetchAsync(const void*, std::size_t, cudaMemLocation, unsigned, cudaStream_t) {
  return cudaSuccess;
}

}  // extern "C"

}  // namespace heddle::emulator
