#include <cuda_runtime_api.h>

#include "emulator/runtime/errors.hpp"
#include "emulator/runtime/handles.hpp"

namespace heddle::emulator {
extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) {
  *s = reinterpret_cast<cudaStream_t>(Gpu::get().make());
  return cudaSuccess;
}
cudaError_t cudaStreamCreate(cudaStream_t* s) { return cudaStreamCreateWithFlags(s, 0); }
cudaError_t cudaStreamDestroy(cudaStream_t s) {
  Gpu::get().destroy(stream_of(s));
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t s) {
  if (const cudaError_t error = not_captured(stream_of(s), cudaErrorStreamCaptureUnsupported)) return error;
  if (const cudaError_t error = not_while_capturing()) return error;
  Gpu::get().wait(stream_of(s));
  return cudaSuccess;
}
cudaError_t cudaStreamQuery(cudaStream_t s) {
  return Gpu::get().idle(stream_of(s)) ? cudaSuccess : returned(cudaErrorNotReady);
}
/// What is captured waits for what is captured alone, and so for nothing that is not.
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned) {
  Stream* const stream = stream_of(s);
  if (event_of(e)->captured && !stream->captures) return returned(cudaErrorStreamCaptureIsolation);
  if (!event_of(e)->captured)
    if (const cudaError_t error = not_captured(stream, cudaErrorStreamCaptureIsolation)) return error;
  Gpu::get().await(stream, event_of(e));
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned flags) {
  const auto event = std::make_shared<Event>();
  event->timed = !(flags & cudaEventDisableTiming);
  *e = reinterpret_cast<cudaEvent_t>(new std::shared_ptr<Event>(event));
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* e) { return cudaEventCreateWithFlags(e, 0); }
cudaError_t cudaEventDestroy(cudaEvent_t e) {
  delete &event_of(e);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) {
  Gpu::get().record(event_of(e), stream_of(s));
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t e) {
  if (const cudaError_t error = not_while_capturing()) return error;
  if (event_of(e)->captured) return returned(cudaErrorStreamCaptureUnsupported);
  return Gpu::get().passed(event_of(e)) ? cudaSuccess : returned(cudaErrorNotReady);
}
cudaError_t cudaEventSynchronize(cudaEvent_t e) {
  if (const cudaError_t error = not_while_capturing()) return error;
  Gpu::get().wait(event_of(e));
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  const Event &from = *event_of(begin), &to = *event_of(end);
  if (!Gpu::get().passed(event_of(begin)) || !Gpu::get().passed(event_of(end)))
    return returned(cudaErrorNotReady);
  if (from.recorded == 0 || to.recorded == 0 || !from.timed || !to.timed)
    return returned(cudaErrorInvalidResourceHandle);
  *milliseconds = std::chrono::duration<float, std::milli>(to.when - from.when).count();
  return cudaSuccess;
}

}  // extern "C"
}  // namespace heddle::emulator
