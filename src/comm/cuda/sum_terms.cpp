#include "sum_terms.hpp"

#include <algorithm>

#include "heddle/base/error.hpp"
#include "heddle/comm/peer_memory.hpp"

namespace heddle::comm::cuda {
namespace {

/// A kernel's parameter.
struct Terms {
  const void* at[PeerMemory::most_ranks];
  int count;
};

/// Numbers that a thread adds up side by side, so that as many loads are under way.
constexpr int side_by_side = 4;
constexpr int threads = 256;
constexpr std::int64_t most_blocks = 2048;

template <class T>
__global__ void add_up(Terms terms, T* sum, std::int64_t n) {
  const std::int64_t all_threads = std::int64_t{gridDim.x} * threads;
  const std::int64_t first = std::int64_t{blockIdx.x} * threads + threadIdx.x;
  for (std::int64_t begin = first; begin < n; begin += side_by_side * all_threads) {
    T added[side_by_side] = {};
    for (int term = 0; term < terms.count; ++term) {
      const T* const numbers = static_cast<const T*>(terms.at[term]);
#pragma unroll
      for (int i = 0; i < side_by_side; ++i) {
        const std::int64_t at = begin + i * all_threads;
        if (at < n) added[i] = term == 0 ? numbers[at] : added[i] + numbers[at];
      }
    }
#pragma unroll
    for (int i = 0; i < side_by_side; ++i)
      if (begin + i * all_threads < n) sum[begin + i * all_threads] = added[i];
  }
}

template <class T>
cudaError_t launch(cudaStream_t stream, const Terms& terms, const Tensor& sum) {
  const std::int64_t n = sum.count(), wanted = (n + threads * side_by_side - 1) / (threads * side_by_side);
  add_up<<<static_cast<unsigned>(std::min(wanted, most_blocks)), threads, 0, stream>>>(
      terms, static_cast<T*>(sum.data), n);
  return cudaGetLastError();
}

}  // namespace

cudaError_t sum_terms(cudaStream_t stream, std::span<const void* const> terms, const Tensor& sum) {
  HEDDLE_EXPECT(terms.size() <= PeerMemory::most_ranks && sum.count() > 0 && sum.dtype != DType::bf16);
  Terms all{{}, static_cast<int>(terms.size())};
  std::ranges::copy(terms, all.at);
  if (sum.dtype == DType::i32) return launch<std::int32_t>(stream, all, sum);
  if (sum.dtype == DType::f64) return launch<double>(stream, all, sum);
  return launch<float>(stream, all, sum);
}

}  // namespace heddle::comm::cuda
