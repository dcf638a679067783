#include "heddle/kernels/runtime.hpp"

#include <cuda_runtime.h>

#include <utility>

#include "cublaslt.hpp"
#include "fused_attention.hpp"
#include "heddle/base/device_rooms.hpp"
#include "heddle/base/error.hpp"
#include "row_sums.hpp"
#include "space.hpp"

namespace heddle::kernels {
namespace {
/// Of base/device_rooms.hpp, in its order.
std::byte* rooms = nullptr;
}  // namespace

void* product_workspace() { return rooms; }
void* room_for_bias(std::int64_t count) {
  HEDDLE_EXPECT(count * size_of(DType::bf16) <= device_rooms::narrow_bias);
  return rooms + device_rooms::product_workspace;
}
void* group_sums_room() { return rooms + device_rooms::product_workspace + device_rooms::narrow_bias; }

const Space& space(const lanes::Lane& lane) {
  HEDDLE_EXPECT(lane.stream() && lane.stream()->native());
  return *static_cast<const Space*>(lane.stream()->native());
}

std::string Runtime::lacks() {
  int gpus = 0;
  const cudaError_t result = cudaGetDeviceCount(&gpus);
  if (result != cudaSuccess) return cudaGetErrorString(result);
  return gpus > 0 ? "" : "CUDA counts none";
}

Runtime::Runtime(int rank_on_host, int threads) {
  HEDDLE_EXPECT(!Kokkos::is_initialized());
  if (const std::string why = lacks(); !why.empty())
    throw Error(ExitCode::failure, "this process sees no GPU", why,
                "run it where one is, or take a build for the host: make build");
  int gpus = 0;
  cudaGetDeviceCount(&gpus);
  initialize_kokkos({.threads = threads, .gpu = rank_on_host % gpus});
  rooms = static_cast<std::byte*>(Kokkos::kokkos_malloc<MemorySpace>("rooms", device_rooms::bytes));
}

// After a fault of the GPU nothing of it can be freed: all goes with the process.
Runtime::~Runtime() {
  if (cudaDeviceSynchronize() != cudaSuccess) return;
  close_fused_attention();
  CublasLt::close();
  Kokkos::kokkos_free<MemorySpace>(std::exchange(rooms, nullptr));
  Kokkos::finalize();
}

int Runtime::threads() const { return 1; }

std::int64_t Runtime::room_bytes() { return rooms ? device_rooms::bytes : 0; }

}  // namespace heddle::kernels
