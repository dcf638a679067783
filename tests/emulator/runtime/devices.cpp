// What the GPU says of itself: an H100, in what Heddle and Kokkos ask of it.
#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstring>

#include "emulator/failure.hpp"
#include "emulator/memory/memory.hpp"
#include "emulator/runtime/errors.hpp"
#include "emulator/settings.hpp"

namespace heddle::emulator {
namespace {

thread_local int current_device = 0;

constexpr int processors = 132, l2_bytes = 1 << 20, shared_of_block = 48 << 10,
              most_shared_of_block = 227 << 10;

void set_limits(cudaDeviceProp& p) {
  p.warpSize = 32;
  p.maxThreadsPerBlock = 1024;
  p.maxThreadsPerMultiProcessor = 2048;
  p.maxBlocksPerMultiProcessor = 32;
  p.maxThreadsDim[0] = p.maxThreadsDim[1] = 1024;
  p.maxThreadsDim[2] = 64;
  p.maxGridSize[0] = 2147483647;
  p.maxGridSize[1] = p.maxGridSize[2] = 65535;
  p.regsPerBlock = p.regsPerMultiprocessor = 65536;
}

void set_memory(cudaDeviceProp& p) {
  p.totalGlobalMem = device_bytes;
  p.totalConstMem = 65536;
  p.sharedMemPerBlock = shared_of_block;
  p.sharedMemPerBlockOptin = most_shared_of_block;
  p.sharedMemPerMultiprocessor = 228 << 10;
  p.l2CacheSize = l2_bytes;
  p.memoryBusWidth = 6144;
  p.unifiedAddressing = p.managedMemory = p.canMapHostMemory = p.concurrentManagedAccess = 1;
}

}  // namespace

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  *count = gpus();
  return *count > 0 ? cudaSuccess : returned(cudaErrorNoDevice);
}
cudaError_t cudaGetDevice(int* device) {
  *device = current_device;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= gpus()) return returned(cudaErrorInvalidDevice);
  current_device = device;
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  if (const cudaError_t error = not_while_capturing()) return error;
  Gpu::get().wait_all();
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  cudaDeviceProp& p = *properties;
  p = {};
  std::strcpy(p.name, "Emulated GPU");
  for (int i = 0; i < 16; ++i) p.uuid.bytes[i] = static_cast<char>(0x10 * device + i);
  p.major = 9;
  p.multiProcessorCount = processors;
  p.asyncEngineCount = 3;
  p.concurrentKernels = 1;
  set_limits(p);
  set_memory(p);
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor: *value = 9; break;
    case cudaDevAttrComputeCapabilityMinor: *value = 0; break;
    case cudaDevAttrL2CacheSize: *value = l2_bytes; break;
    case cudaDevAttrMultiProcessorCount: *value = processors; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = shared_of_block; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = most_shared_of_block; break;
    case cudaDevAttrMaxThreadsPerBlock: *value = 1024; break;
    case cudaDevAttrWarpSize: *value = 32; break;
    default: fail("a device's attribute that is not known: {}", static_cast<int>(attribute));
  }
  return cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char* text, int room, int device) {
  std::snprintf(text, static_cast<std::size_t>(room), "0000:%02x:00.0", static_cast<unsigned>(device));
  return cudaSuccess;
}
cudaError_t cudaDeviceSetCacheConfig(cudaFuncCache) { return cudaSuccess; }

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *total = device_bytes;
  *free = device_bytes - device_bytes_in_use();
  return cudaSuccess;
}

}  // extern "C"

}  // namespace heddle::emulator
