#include "heddle/kernels/runtime.hpp"

#include <cuda_runtime.h>

#include "fused_attention.hpp"
#include "heddle/base/error.hpp"
#include "products.hpp"
#include "row_sums.hpp"
#include "space.hpp"

namespace heddle::kernels {
namespace {
void* sums_of_groups = nullptr;
}

void* group_sums_room() { return sums_of_groups; }

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

Runtime::Runtime(int threads) {
  HEDDLE_EXPECT(!Kokkos::is_initialized());
  if (const std::string why = lacks(); !why.empty())
    throw Error(ExitCode::failure, "this process sees no GPU", why,
                "run it where one is, or take a build for the host: make build");
  int gpus = 0;
  cudaGetDeviceCount(&gpus);
  initialize_kokkos(threads, gpus);
  sums_of_groups = Kokkos::kokkos_malloc<MemorySpace>("sums over rows", group_sums_bytes);
}

// After a fault of the GPU nothing of it can be freed: all goes with the process.
Runtime::~Runtime() {
  if (cudaDeviceSynchronize() != cudaSuccess) return;
  close_fused_attention();
  Products::close();
  Kokkos::kokkos_free<MemorySpace>(sums_of_groups);
  Kokkos::finalize();
}

int Runtime::threads() const { return 1; }

}  // namespace heddle::kernels
