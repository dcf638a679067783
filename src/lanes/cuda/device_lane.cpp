// An NVIDIA GPU is the device: one stream of it, with Kokkos' memory and kernels.
#include <Kokkos_Core.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_map>

#include "allocate.hpp"
#include "event.hpp"
#include "graph.hpp"
#include "heddle/lanes/lane.hpp"
#include "landing.hpp"
#include "nvtx.hpp"
#include "pinned_copies.hpp"

namespace heddle::lanes {
namespace {

cudaStream_t make_stream() {
  cudaStream_t stream = nullptr;
  cuda::check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  return stream;
}

class CudaStream final : public Stream {
 public:
  /// Closed with Kokkos, whoever still holds it.
  static std::shared_ptr<CudaStream> make() {
    auto stream = std::make_shared<CudaStream>();
    stream->moment();  // the first, which the host waits for, while the stream is empty
    Kokkos::push_finalize_hook([held = std::weak_ptr(stream)] {
      if (const auto open = held.lock()) open->close();
    });
    return stream;
  }
  ~CudaStream() override { close(); }

  void run(std::function<void()> launch) override { launch(); }
  Mark mark(const char*) override { return Mark(std::make_shared<const cuda::Event>(stream_)); }
  Mark moment() override { return Mark(stopwatch_.record(stream_)); }
  void await(const Mark& mark) override {
    const auto& event = dynamic_cast<const cuda::Event&>(*mark.awaited());
    cuda::check(cudaStreamWaitEvent(stream_, event.native()), "cudaStreamWaitEvent");
  }
  std::shared_ptr<Stream> beside() const override { return make(); }

  std::shared_ptr<void> allocate(std::int64_t bytes) override {
    return cuda::allocate<Kokkos::CudaSpace>(bytes, "on the GPU");
  }
  std::shared_ptr<void> allocate_on_host(std::int64_t bytes) override {
    return cuda::allocate<Kokkos::CudaHostPinnedSpace>(bytes, "of the host, pinned for the GPU");
  }
  void copy(const void* from, void* to, std::int64_t bytes) override {
    copy(from, to, bytes, cudaMemcpyDefault);
  }
  void copy_from_host(const void* host, void* to, std::int64_t bytes) override {
    const bool aside = bytes <= cuda::PinnedCopies::longest;
    copy(aside ? from_host_.make(host, bytes, stream_) : host, to, bytes, cudaMemcpyHostToDevice);
    if (!aside) cuda::check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  }
  void copy_to_host(const void* from, void* host, std::int64_t bytes) override {
    copy(from, host, bytes, cudaMemcpyDeviceToHost);
  }
  void fill(void* to, unsigned char byte, std::int64_t bytes) override {
    cuda::check(cudaMemsetAsync(to, byte, static_cast<std::size_t>(bytes), stream_), "cudaMemsetAsync");
  }
  void land(const Runs& runs, LandingTypes types, const void* from, void* to, Landing landing) override {
    cuda::land(*space_, there(runs), types, from, to, landing);
  }
  bool records() const override { return true; }
  Recorded record(const std::function<void()>& work) override { return cuda::record(stream_, work); }
  bool shares_memory() const override { return false; }
  void* native() override { return &*space_; }
  void* queue() override { return stream_; }

 private:
  /// Kept, since routes of messages land the same runs in every step.
  struct Kept {
    Runs runs;
    std::shared_ptr<void> memory;
    cuda::RunsThere there;
  };
  void close() {
    if (!space_) return;
    kept_.clear();
    from_host_.clear();
    space_.reset();
    cudaStreamDestroy(stream_);
  }
  cuda::RunsThere there(const Runs& runs);
  void copy(const void* from, void* to, std::int64_t bytes, cudaMemcpyKind kind) {
    cuda::check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), kind, stream_), "cudaMemcpyAsync");
  }

  cudaStream_t stream_ = make_stream();
  std::optional<Kokkos::Cuda> space_{stream_};
  cuda::Stopwatch stopwatch_;
  cuda::PinnedCopies from_host_;
  std::unordered_map<const void*, Kept> kept_;
};

cuda::RunsThere CudaStream::there(const Runs& runs) {
  if (runs->empty()) return {};
  if (runs->size() == 1) return {runs->front(), nullptr, 1, runs->front().length};
  Kept& kept = kept_[runs.get()];
  if (kept.runs) return kept.there;
  const auto bytes = static_cast<std::int64_t>(runs->size() * sizeof(Run));
  kept.memory = allocate(bytes);
  copy_from_host(runs->data(), kept.memory.get(), bytes);
  const std::int64_t longest = std::ranges::max(*runs, {}, &Run::length).length;
  kept.there = {{}, static_cast<const Run*>(kept.memory.get()), std::ssize(*runs), longest};
  kept.runs = runs;
  return kept.there;
}

}  // namespace

/// One a process and run of Kokkos.
Lane device_lane() {
  static std::shared_ptr<Stream> stream;
  if (!stream) {
    stream = CudaStream::make();
    stream->ranges = cuda::nvtx_ranges();
    Kokkos::push_finalize_hook([] { stream.reset(); });
  }
  return Lane(stream);
}

}  // namespace heddle::lanes
