// What of CUDA's driver programs ask the runtime for: streams that wait for a word of memory and write it.
#include <cuda.h>
#include <cuda_runtime_api.h>

#include <atomic>
#include <string_view>
#include <vector>

#include "emulator/failure.hpp"
#include "emulator/memory/memory.hpp"
#include "emulator/runtime/handles.hpp"

namespace heddle::emulator {
namespace {

std::atomic_ref<std::uint32_t> word_at(CUdeviceptr address) {
  char* word = reach(static_cast<std::uint64_t>(address), sizeof(std::uint32_t));
  if (!word) fail("cuStreamBatchMemOp on memory that is not the device's: {:#x}", address);
  return std::atomic_ref(*reinterpret_cast<std::uint32_t*>(word));
}

bool carry_out(const CUstreamBatchMemOpParams& operation) {
  if (operation.operation == CU_STREAM_MEM_OP_WRITE_VALUE_32) {
    word_at(operation.writeValue.address).store(operation.writeValue.value, std::memory_order_release);
    return true;
  }
  if (operation.operation != CU_STREAM_MEM_OP_WAIT_VALUE_32)
    fail("cuStreamBatchMemOp of an operation that is not known");
  if (operation.waitValue.flags != CU_STREAM_WAIT_VALUE_GEQ) fail("a wait of a stream for what is not known");
  const std::uint32_t now = word_at(operation.waitValue.address).load(std::memory_order_acquire);
  return static_cast<std::int32_t>(now - operation.waitValue.value) >= 0;
}

CUresult batch(CUstream s, unsigned count, CUstreamBatchMemOpParams* operations, unsigned) {
  for (const CUstreamBatchMemOpParams& one : std::vector(operations, operations + count))
    Gpu::get().enqueue(stream_of(s), [one] { return carry_out(one); });
  return CUDA_SUCCESS;
}

}  // namespace

extern "C" {

cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** function, unsigned,
                                             unsigned long long, cudaDriverEntryPointQueryResult* status) {
  const bool known = std::string_view(symbol) == "cuStreamBatchMemOp";
  *function = known ? reinterpret_cast<void*>(&batch) : nullptr;
  *status = known ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
  return cudaSuccess;
}

// Kokkos and cuDNN's frontend are linked with these, and Heddle comes to none of them.
cudaChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w, cudaChannelFormatKind kind) {
  return {x, y, z, w, kind};
}
cudaError_t cudaCreateTextureObject(cudaTextureObject_t*, const cudaResourceDesc*, const cudaTextureDesc*,
                                    const cudaResourceViewDesc*) {
  fail("there are no textures");
}
cudaError_t cudaLibraryLoadData(cudaLibrary_t*, const void*, cudaJitOption*, void**, unsigned,
                                cudaLibraryOption*, void**, unsigned) {
  fail("there are no libraries that are loaded while running");
}
cudaError_t cudaLibraryGetKernel(cudaKernel_t*, cudaLibrary_t, const char*) {
  fail("there are no libraries that are loaded while running");
}
cudaError_t cudaLibraryUnload(cudaLibrary_t) { return cudaSuccess; }
cudaError_t cudaKernelSetAttributeForDevice(cudaKernel_t, cudaFuncAttribute, int, int) { return cudaSuccess; }

}  // extern "C"
}  // namespace heddle::emulator
