// Graphs are what a stream was told while it was captured, told again.
#include <cuda_runtime_api.h>

#include "emulator/runtime/errors.hpp"
#include "emulator/runtime/handles.hpp"

namespace heddle::emulator {
namespace {

using Graph = std::vector<Work>;

template <class Handle>
Graph* graph_of(Handle handle) {
  return reinterpret_cast<Graph*>(handle);
}

}  // namespace

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode) {
  Stream* const stream = stream_of(s);
  if (stream->captures || stream == Gpu::get().default_stream())
    return returned(cudaErrorStreamCaptureUnsupported);
  Gpu::get().begin_capture(stream);
  set_capturing(stream);
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t* graph) {
  auto captured = Gpu::get().end_capture(stream_of(s));
  set_capturing(nullptr);
  *graph = reinterpret_cast<cudaGraph_t>(captured.release());
  return *graph ? cudaSuccess : returned(cudaErrorStreamCaptureInvalidated);
}
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* executable, cudaGraph_t graph,
                                          unsigned long long) {
  *executable = reinterpret_cast<cudaGraphExec_t>(new Graph(*graph_of(graph)));
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t s) {
  for (const Work& node : *graph_of(executable)) Gpu::get().enqueue(stream_of(s), node);
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph_of(graph);
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete graph_of(executable);
  return cudaSuccess;
}

}  // extern "C"
}  // namespace heddle::emulator
