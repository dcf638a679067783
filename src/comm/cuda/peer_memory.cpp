// CUDA IPC: memory of a GPU that processes of one host open in each other, and counters in pinned memory of the host.
#include <cuda.h>
#include <cuda_runtime.h>

#include <cstring>
#include <string>
#include <vector>

#include "heddle/base/error.hpp"
#include "heddle/lanes/cuda/call.hpp"
#include "libraries.hpp"
#include "sum_terms.hpp"

namespace heddle::comm {
namespace {

using lanes::cuda::check;

cudaStream_t stream_of(const lanes::Lane& lane) { return static_cast<cudaStream_t>(lane.stream()->queue()); }

/// The driver's operations of a stream on memory, without linking the driver: programs are built where there is none.
class StreamOperations {
 public:
  void operator()(cudaStream_t stream, std::vector<CUstreamBatchMemOpParams>& operations) const {
    const CUresult result = run_(stream, static_cast<unsigned>(operations.size()), operations.data(), 0);
    if (result != CUDA_SUCCESS)
      throw Error(ExitCode::failure, "cuStreamBatchMemOp failed on the GPU",
                  "CUresult " + std::to_string(result));
  }

 private:
  using Run = CUresult (*)(CUstream, unsigned, CUstreamBatchMemOpParams*, unsigned);
  static Run find() {
    void* found = nullptr;
    cudaDriverEntryPointQueryResult status;
#if CUDART_VERSION >= 12050
    check(cudaGetDriverEntryPointByVersion("cuStreamBatchMemOp", &found, 12000, cudaEnableDefault, &status),
          "cudaGetDriverEntryPointByVersion");
#else
    check(cudaGetDriverEntryPoint("cuStreamBatchMemOp", &found, cudaEnableDefault, &status),
          "cudaGetDriverEntryPoint");
#endif
    if (status != cudaDriverEntryPointSuccess || !found)
      throw Error(ExitCode::failure, "streams cannot wait for numbers in memory",
                  "the driver has no cuStreamBatchMemOp");
    return reinterpret_cast<Run>(found);
  }

  Run run_ = find();
};

CUdeviceptr address(const void* at) { return reinterpret_cast<CUdeviceptr>(at); }

class CudaIpc final : public PeerMemory {
 public:
  std::string name() const override { return "CUDA IPC"; }
  lanes::Lane lane() override { return lanes::device_lane().beside(); }

  // Not by Kokkos, which may take memory from a pool that is not to be exported; whole blocks of 2 MiB, since what else lies in one
  // would be exported with it.
  Exported make(std::int64_t bytes) override {
    constexpr std::int64_t block = std::int64_t{2} << 20;
    void* data = nullptr;
    check(cudaMalloc(&data, static_cast<std::size_t>((bytes + block - 1) / block * block)), "cudaMalloc");
    Exported made{{data, [](void* gone) { cudaFree(gone); }}, {}};
    static_assert(sizeof(cudaIpcMemHandle_t) == sizeof(Handle));
    cudaIpcMemHandle_t handle;
    check(cudaIpcGetMemHandle(&handle, data), "cudaIpcGetMemHandle");
    std::memcpy(made.handle.data(), &handle, sizeof handle);
    return made;
  }

  std::shared_ptr<void> open(const Handle& exported) override {
    cudaIpcMemHandle_t handle;
    std::memcpy(&handle, exported.data(), sizeof handle);
    void* data = nullptr;
    check(cudaIpcOpenMemHandle(&data, handle, cudaIpcMemLazyEnablePeerAccess), "cudaIpcOpenMemHandle");
    return {data, [](void* gone) { cudaIpcCloseMemHandle(gone); }};
  }

  std::shared_ptr<void> attach(void* host, std::int64_t bytes) override {
    check(cudaHostRegister(host, static_cast<std::size_t>(bytes), cudaHostRegisterMapped),
          "cudaHostRegister");
    const std::shared_ptr<void> registered(host, [](void* gone) { cudaHostUnregister(gone); });
    void* there = nullptr;
    check(cudaHostGetDevicePointer(&there, host, 0), "cudaHostGetDevicePointer");
    return {registered, there};
  }

  void await(const lanes::Lane& lane, std::span<const Count> counts) override {
    enqueue(lane, counts, &CUstreamBatchMemOpParams::waitValue, CU_STREAM_MEM_OP_WAIT_VALUE_32,
            CU_STREAM_WAIT_VALUE_GEQ);
  }

  // By default a fence of the whole system goes before each.
  void write(const lanes::Lane& lane, std::span<const Count> counts) override {
    enqueue(lane, counts, &CUstreamBatchMemOpParams::writeValue, CU_STREAM_MEM_OP_WRITE_VALUE_32,
            CU_STREAM_WRITE_VALUE_DEFAULT);
  }

  void sum(const lanes::Lane& lane, std::span<const void* const> terms, const Tensor& sum) override {
    check(cuda::sum_terms(stream_of(lane), terms, sum), "a sum over ranks");
  }

 private:
  template <class Operation>
  void enqueue(const lanes::Lane& lane, std::span<const Count> counts,
               Operation CUstreamBatchMemOpParams::*as, CUstreamBatchMemOpType type, unsigned flags) {
    operations_.clear();
    for (const auto& [at, value] : counts) {
      Operation& one = operations_.emplace_back().*as;
      one = {};
      one.operation = type;
      one.address = address(at);
      one.value = value;
      one.flags = flags;
    }
    run_(stream_of(lane), operations_);
  }

  StreamOperations run_;
  std::vector<CUstreamBatchMemOpParams> operations_;  ///< of one call
};

}  // namespace

std::shared_ptr<PeerMemory> peer_memory() { return std::make_shared<CudaIpc>(); }

}  // namespace heddle::comm
