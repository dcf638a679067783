// The emulated GPU itself: what kernels with divergent warps compute, and how programs end that a GPU does not forgive.
#include <cuda.h>
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <csignal>
#include <cstring>
#include <vector>

namespace {

constexpr int threads = 32;

/// Odd threads take the longer way; all of them meet again in the sum.
__global__ void diverge(int* out) {
  int mine = 1;
  if (threadIdx.x % 2)
    for (unsigned i = 0; i < threadIdx.x; ++i) mine += 2;
  else
    mine = 100;
  for (int step = 16; step > 0; step /= 2) mine += __shfl_xor_sync(0xffffffff, mine, step);
  out[threadIdx.x] = mine;
}

/// The lower half passes its neighbours' numbers on, the upper half is elsewhere.
__global__ void pass_on(int* out) {
  const int mine = static_cast<int>(threadIdx.x);
  if (threadIdx.x < 16)
    out[threadIdx.x] = __shfl_down_sync(0x0000ffff, mine, 1, 16);
  else
    out[threadIdx.x] = -1;
}

__global__ void read(const float* from, float* to) { *to = *from; }

/// Each warp reads what the next one writes, and no barrier is between.
__global__ void race(int* out) {
  __shared__ int numbers[2 * threads];
  numbers[threadIdx.x] = static_cast<int>(threadIdx.x);
  out[threadIdx.x] = numbers[(threadIdx.x + threads) % (2 * threads)];
}

/// The second thread reads what lies behind the block's shared memory, by an address that does not tell of what kind it is.
__global__ void read_behind(int* out) {
  __shared__ int numbers[threads];
  numbers[threadIdx.x] = 0;
  int* const behind = numbers + threads * (threadIdx.x == 1 ? 1000 : 0);
  out[threadIdx.x] = *const_cast<volatile int*>(behind);
}

/// Half of a warp waits at a barrier of its own.
__global__ void part_at_barriers(int* out) {
  if (threadIdx.x < 16) {
    out[threadIdx.x] = 1;
    __syncthreads();
  } else {
    out[threadIdx.x] = 2;
    __syncthreads();
    out[threadIdx.x] = 3;
  }
}

template <class T>
class OnDevice {
 public:
  explicit OnDevice(std::size_t count) : count_(count) {
    EXPECT_EQ(cudaMalloc(&data_, count * sizeof(T)), cudaSuccess);
  }
  ~OnDevice() { cudaFree(data_); }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
  T* get() const { return data_; }
  std::vector<T> there() const {
    std::vector<T> here(count_);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    EXPECT_EQ(cudaMemcpy(here.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost), cudaSuccess);
    return here;
  }

 private:
  std::size_t count_;
  T* data_ = nullptr;
};

void read_from(const void* address) {
  const OnDevice<float> to(1);
  read<<<1, 1>>>(static_cast<const float*>(address), to.get());
  cudaDeviceSynchronize();
}

/// A death is that of a process of its own: the GPU's thread does not live on in a copy of this one.
class EmulatorDeathTest : public testing::Test {
 protected:
  EmulatorDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST(Emulator, ThreadsThatPartMeetAgain) {
  const OnDevice<int> out(threads);
  diverge<<<1, threads>>>(out.get());
  int sum = 16 * 100;
  for (int i = 1; i < threads; i += 2) sum += 1 + 2 * i;
  EXPECT_EQ(out.there(), std::vector<int>(threads, sum));
}

TEST(Emulator, AShuffleIsOfThoseThatItsMaskNames) {
  const OnDevice<int> out(threads);
  pass_on<<<1, threads>>>(out.get());
  const std::vector<int> there = out.there();
  for (int i = 0; i < threads; ++i) EXPECT_EQ(there[i], i < 15 ? i + 1 : i == 15 ? 15 : -1) << i;
}

TEST(Emulator, FreshMemoryHoldsNoNumbers) { EXPECT_TRUE(std::isnan(OnDevice<float>(1).there()[0])); }

/// The stream waits for a word that the host writes.
void wait_for(cudaStream_t stream, std::uint32_t* word) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found{};
  EXPECT_EQ(cudaGetDriverEntryPointByVersion("cuStreamBatchMemOp", &function, 12000, 0, &found), cudaSuccess);
  CUstreamBatchMemOpParams operation{};
  operation.waitValue.operation = CU_STREAM_MEM_OP_WAIT_VALUE_32;
  operation.waitValue.address = reinterpret_cast<CUdeviceptr>(word);
  operation.waitValue.value = 1;
  EXPECT_EQ(reinterpret_cast<decltype(&cuStreamBatchMemOp)>(function)(stream, 1, &operation, 0),
            CUDA_SUCCESS);
}

TEST(Emulator, AnEventThatIsNotPassedIsTheLastError) {
  cudaStream_t stream = nullptr;
  cudaEvent_t event = nullptr;
  std::uint32_t* word = nullptr;
  EXPECT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  EXPECT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  EXPECT_EQ(cudaMallocHost(&word, sizeof *word), cudaSuccess);
  *word = 0;
  wait_for(stream, word);
  EXPECT_EQ(cudaEventRecord(event, stream), cudaSuccess);
  EXPECT_EQ(cudaEventQuery(event), cudaErrorNotReady);
  EXPECT_EQ(cudaGetLastError(), cudaErrorNotReady);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  std::atomic_ref(*word).store(1);
  EXPECT_EQ(cudaEventSynchronize(event), cudaSuccess);
  EXPECT_EQ(cudaEventQuery(event), cudaSuccess);
  cudaFreeHost(word);
  cudaEventDestroy(event);
  cudaStreamDestroy(stream);
}

TEST_F(EmulatorDeathTest, OfAMisalignedAccess) {
  const OnDevice<float> from(2);
  EXPECT_DEATH(read_from(reinterpret_cast<const char*>(from.get()) + 2),
               "emulator: misaligned address: block \\(0, 0, 0\\)");
}

TEST_F(EmulatorDeathTest, OfAReadBeyondAnAllocation) {
  const OnDevice<float> from(2);
  EXPECT_DEATH(read_from(from.get() + 2), "emulator: illegal address: block \\(0, 0, 0\\), warp 0, thread 0");
}

TEST_F(EmulatorDeathTest, OfAHostsPointerInAKernel) {
  const float here = 1;
  EXPECT_DEATH(read_from(&here), "emulator: illegal address");
}

TEST_F(EmulatorDeathTest, OfWarpsThatNoBarrierKeepsApart) {
  const OnDevice<int> out(2 * threads);
  EXPECT_DEATH((race<<<1, 2 * threads>>>(out.get()), cudaDeviceSynchronize()),
               "emulator: a race: another warp (read|wrote) this");
}

TEST_F(EmulatorDeathTest, OfAReadBehindSharedMemory) {
  const OnDevice<int> out(threads);
  EXPECT_DEATH((read_behind<<<1, threads>>>(out.get()), cudaDeviceSynchronize()),
               "emulator: (beyond shared memory|illegal address): block .* thread 1");
}

TEST_F(EmulatorDeathTest, OfAWarpThatPartsAtBarriers) {
  const OnDevice<int> out(threads);
  EXPECT_DEATH((part_at_barriers<<<1, threads>>>(out.get()), cudaDeviceSynchronize()),
               "emulator: a warp whose threads came to different barriers");
}

TEST_F(EmulatorDeathTest, OfAHostThatTouchesTheDevicesMemory) {
  const OnDevice<int> there(1);
  ASSERT_NE(there.get(), nullptr);
  EXPECT_EXIT(std::memset(there.get(), 0, 1), testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
