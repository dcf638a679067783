// Memory of the device and of the host, and the device's of other processes.
#include <cuda_runtime_api.h>

#include <cstring>

#include "emulator/memory/memory.hpp"
#include "emulator/runtime/errors.hpp"

namespace heddle::emulator {
namespace {

static_assert(sizeof(SharedAllocation) <= sizeof(cudaIpcMemHandle_t));

/// What frees waits for all work before.
cudaError_t free_by(void free(void*), void* memory) {
  if (const cudaError_t error = not_while_capturing()) return error;
  if (!memory) return cudaSuccess;
  Gpu::get().wait_all();
  free(memory);
  return cudaSuccess;
}

cudaMemoryType type_of(Place place) {
  return place == Place::device   ? cudaMemoryTypeDevice
         : place == Place::pinned ? cudaMemoryTypeHost
                                  : cudaMemoryTypeUnregistered;
}

}  // namespace

extern "C" {

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  if (const cudaError_t error = not_while_capturing()) return error;
  *memory = nullptr;
  if (bytes > device_bytes - device_bytes_in_use()) return returned(cudaErrorMemoryAllocation);
  *memory = allocate_on_device(bytes);
  return cudaSuccess;
}
cudaError_t cudaFree(void* memory) { return free_by(free_on_device, memory); }

cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  if (const cudaError_t error = not_while_capturing()) return error;
  *memory = allocate_pinned(bytes);
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
  return cudaMallocHost(memory, bytes);
}
cudaError_t cudaMallocManaged(void** memory, std::size_t bytes, unsigned) {
  return cudaMallocHost(memory, bytes);
}
cudaError_t cudaFreeHost(void* memory) { return free_by(free_pinned, memory); }

cudaError_t cudaHostRegister(void* memory, std::size_t bytes, unsigned) {
  pin(memory, bytes);
  return cudaSuccess;
}
cudaError_t cudaHostUnregister(void* memory) {
  unpin(memory);
  return cudaSuccess;
}
cudaError_t cudaHostGetDevicePointer(void** device, void* host, unsigned) {
  *device = host;
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  *attributes = {};
  attributes->type = type_of(place_of(pointer));
  attributes->devicePointer = attributes->hostPointer = const_cast<void*>(pointer);
  return cudaSuccess;
}

cudaError_t cudaIpcGetMemHandle(cudaIpcMemHandle_t* handle, void* memory) {
  const auto shared = share(memory);
  if (!shared) return returned(cudaErrorInvalidValue);
  *handle = {};
  std::memcpy(handle, &*shared, sizeof *shared);
  return cudaSuccess;
}
cudaError_t cudaIpcOpenMemHandle(void** memory, cudaIpcMemHandle_t handle, unsigned) {
  SharedAllocation shared;
  std::memcpy(&shared, &handle, sizeof shared);
  *memory = open_shared(shared);
  return cudaSuccess;
}
cudaError_t cudaIpcCloseMemHandle(void* memory) { return free_by(free_on_device, memory); }

}  // extern "C"

}  // namespace heddle::emulator
