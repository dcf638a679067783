// Kernels and variables as nvcc has programs register them, and launches.
#include <cuda_runtime_api.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>

#include "emulator/machine/program.hpp"
#include "emulator/memory/memory.hpp"
#include "emulator/ptx/fat_binary.hpp"
#include "emulator/runtime/errors.hpp"
#include "emulator/runtime/handles.hpp"

namespace heddle::emulator {
namespace {

constexpr std::size_t most_shared_of_kernel = 48 << 10;  // of a kernel that asks for no more
constexpr std::uint64_t most_threads = 1024;

struct Kernel {
  const LoadedModule* loaded = nullptr;
  std::string name;
  std::unique_ptr<Program> program;  ///< made by the first launch
};

struct DeviceVariable {
  const LoadedModule* loaded = nullptr;
  std::string name;
};

/// By what stands for them on the host.
struct Registered {
  std::map<const void*, Kernel> kernels;
  std::map<const void*, DeviceVariable> variables;
  std::mutex lock;
};

Registered& registered() {
  static auto* made = new Registered;
  return *made;
}

LoadedModule* load(const void* fat_binary) {
  auto* loaded = new LoadedModule{parse_module(ptx_of(fat_binary)), {}};
  for (const Variable& v : loaded->module.variables) {
    if (!v.in_device_memory()) continue;
    void* place = allocate_on_device(static_cast<std::size_t>(v.bytes));
    if (!v.initial.empty()) std::memcpy(reach(place, v.initial.size()), v.initial.data(), v.initial.size());
    loaded->addresses[v.name] = reinterpret_cast<std::uint64_t>(place);
  }
  return loaded;
}

Program& program_of(cudaKernel_t handle) {
  auto& kernel = *reinterpret_cast<Kernel*>(handle);
  const std::lock_guard guard(registered().lock);
  if (!kernel.program) kernel.program = std::make_unique<Program>(compile(*kernel.loaded, kernel.name));
  return *kernel.program;
}

bool can_be_launched(dim3 grid, dim3 block) {
  const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
  return threads > 0 && threads <= most_threads && block.z <= 64 && grid.x > 0 && grid.y > 0 && grid.z > 0 &&
         grid.x <= 2147483647 && grid.y <= 65535 && grid.z <= 65535;
}

std::vector<char> copied(const Program& program, void** arguments) {
  std::vector<char> parameters(static_cast<std::size_t>(program.parameter_bytes));
  for (std::size_t i = 0; i < program.parameters.size(); ++i) {
    const auto& [offset, bytes] = program.parameters[i];
    std::memcpy(parameters.data() + offset, arguments[i], static_cast<std::size_t>(bytes));
  }
  return parameters;
}

struct Configuration {
  dim3 grid, block;
  std::size_t shared;
  cudaStream_t stream;
};
thread_local Configuration configuration;

}  // namespace

extern "C" {

void** __cudaRegisterFatBinary(void* fat_binary) { return reinterpret_cast<void**>(load(fat_binary)); }
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}

void __cudaRegisterFunction(void** module, const char* host, char*, const char* name, int, uint3*, uint3*,
                            dim3*, dim3*, int*) {
  const std::lock_guard guard(registered().lock);
  registered().kernels[host] = {reinterpret_cast<const LoadedModule*>(module), name, nullptr};
}
void __cudaRegisterVar(void** module, char* host, char*, const char* name, int, std::size_t, int, int) {
  const std::lock_guard guard(registered().lock);
  registered().variables[host] = {reinterpret_cast<const LoadedModule*>(module), name};
}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, std::size_t shared, CUstream_st* stream) {
  configuration = {grid, block, shared, stream};
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, std::size_t* shared, void* stream) {
  *grid = configuration.grid;
  *block = configuration.block;
  *shared = configuration.shared;
  *static_cast<cudaStream_t*>(stream) = configuration.stream;
  return cudaSuccess;
}

cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* host) {
  const std::lock_guard guard(registered().lock);
  const auto found = registered().kernels.find(host);
  if (found == registered().kernels.end()) return returned(cudaErrorInvalidDeviceFunction);
  *kernel = reinterpret_cast<cudaKernel_t>(&found->second);
  return cudaSuccess;
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments,
                               std::size_t shared, cudaStream_t stream) {
  Program& program = program_of(kernel);
  if (!can_be_launched(grid, block)) return returned(cudaErrorInvalidConfiguration);
  if (static_cast<std::size_t>(program.shared_bytes) + shared > most_shared_of_kernel)
    return returned(cudaErrorInvalidValue);
  Gpu::get().enqueue(stream_of(stream),
                     [&program, grid, block, shared, parameters = copied(program, arguments)] {
                       launch(program, {grid.x, grid.y, grid.z}, {block.x, block.y, block.z},
                              static_cast<std::int64_t>(shared), parameters);
                       return true;
                     });
  return cudaSuccess;
}

cudaError_t cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void** arguments,
                             std::size_t shared, cudaStream_t stream) {
  cudaKernel_t kernel = nullptr;
  if (const cudaError_t error = __cudaGetKernel(&kernel, function)) return error;
  return __cudaLaunchKernel(kernel, grid, block, arguments, shared, stream);
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
  cudaKernel_t kernel = nullptr;
  if (const cudaError_t error = __cudaGetKernel(&kernel, function)) return error;
  const Program& program = program_of(kernel);
  *attributes = {};
  attributes->sharedSizeBytes = static_cast<std::size_t>(program.shared_bytes);
  attributes->localSizeBytes = static_cast<std::size_t>(program.local_bytes);
  attributes->maxThreadsPerBlock = most_threads;
  attributes->numRegs = 64;
  attributes->ptxVersion = attributes->binaryVersion = 90;
  attributes->maxDynamicSharedSizeBytes =
      static_cast<int>(most_shared_of_kernel) - static_cast<int>(program.shared_bytes);
  return cudaSuccess;
}
cudaError_t cudaFuncSetCacheConfig(const void*, cudaFuncCache) { return cudaSuccess; }
cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute, int) { return cudaSuccess; }

cudaError_t cudaMemcpyToSymbol(const void* symbol, const void* from, std::size_t bytes, std::size_t offset,
                               cudaMemcpyKind kind) {
  const auto found = registered().variables.find(symbol);
  if (found == registered().variables.end()) return returned(cudaErrorInvalidSymbol);
  const auto& addresses = found->second.loaded->addresses;
  const auto place = addresses.find(found->second.name);
  if (place == addresses.end()) return cudaSuccess;  // no kernel of the module reads it
  return cudaMemcpy(reinterpret_cast<void*>(place->second + offset), from, bytes, kind);
}

}  // extern "C"

}  // namespace heddle::emulator
