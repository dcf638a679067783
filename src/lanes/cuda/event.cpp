#include "event.hpp"

#include <utility>

namespace heddle::lanes::cuda {
namespace {

using Clock = Mark::Clock;
constexpr std::chrono::seconds counted_from_one_event{1};

int current_device() {
  int device = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  return device;
}

cudaEvent_t make(cudaStream_t stream, unsigned flags) {
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, flags), "cudaEventCreateWithFlags");
  check(cudaEventRecord(event, stream), "cudaEventRecord");
  return event;
}

}  // namespace

Event::Event(cudaStream_t stream) : device_(current_device()), event_(make(stream, cudaEventDisableTiming)) {}

Event::Event(cudaStream_t stream, std::shared_ptr<const Event> before)
    : device_(current_device()), event_(make(stream, cudaEventDefault)), before_(std::move(before)) {
  if (before_) return;
  check(cudaEventSynchronize(event_), "cudaEventSynchronize");
  when_ = Clock::now();
}

Event::~Event() { cudaEventDestroy(event_); }

/// A thread that has no device yet would be given the first, and with it hundreds of megabytes there.
bool Event::passed() const {
  if (current_device() != device_) check(cudaSetDevice(device_), "cudaSetDevice");
  const cudaError_t result = cudaEventQuery(event_);
  if (result == cudaErrorNotReady) {
    cudaGetLastError();  // CUDA keeps it, and who asks for the last error after a launch would take it for that one's
    return false;
  }
  check(result, "what a lane has enqueued");
  return true;
}

Clock::time_point Event::when() const {
  if (!when_) {
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, before_->event_, event_), "cudaEventElapsedTime");
    const std::chrono::duration<double, std::milli> distance(milliseconds);
    when_ = before_->when() + std::chrono::duration_cast<Clock::duration>(distance);
    before_.reset();
  }
  return *when_;
}

std::shared_ptr<const Event> Stopwatch::record(cudaStream_t stream) {
  auto event = std::make_shared<const Event>(stream, last_);
  if (const auto now = Clock::now(); !last_ || now - made_ > counted_from_one_event) {
    last_ = event;
    made_ = now;
  }
  return event;
}

}  // namespace heddle::lanes::cuda
