#include "graph.hpp"

#include <exception>
#include <memory>
#include <string>
#include <type_traits>

#include "heddle/lanes/cuda/call.hpp"

namespace heddle::lanes::cuda {
namespace {

template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* gone) const {
    destroy(gone);
  }
};
using Graph = std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, Destroy<cudaGraphDestroy>>;

Recorded refused(std::string why) {
  cudaGetLastError();  // so that nobody takes it for his own
  return {{}, std::move(why)};
}

}  // namespace

/// What `work` throws is a refusal too: whoever does the work without recording it learns whether that was the reason. So is an
/// error that nobody looked at, as of a launch by Kokkos: the graph would lack that kernel.
Recorded record(cudaStream_t stream, const std::function<void()>& work) {
  cudaGetLastError();  // what nobody looked at before
  cudaError_t result = cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
  if (result != cudaSuccess) return refused(cudaGetErrorString(result));
  std::string thrown;
  try {
    work();
  } catch (const std::exception& error) {
    thrown = error.what();
  }
  const cudaError_t unseen = cudaGetLastError();
  cudaGraph_t captured = nullptr;
  result = cudaStreamEndCapture(stream, &captured);
  const Graph graph(captured);
  if (!thrown.empty()) return refused(thrown);
  for (const cudaError_t one : {unseen, result})
    if (one != cudaSuccess) return refused(cudaGetErrorString(one));
  cudaGraphExec_t made = nullptr;
  result = cudaGraphInstantiateWithFlags(&made, captured, 0);
  if (result != cudaSuccess) return refused(cudaGetErrorString(result));
  const std::shared_ptr<std::remove_pointer_t<cudaGraphExec_t>> ready(made, Destroy<cudaGraphExecDestroy>());
  return {[ready, stream] { check(cudaGraphLaunch(ready.get(), stream), "cudaGraphLaunch"); }, ""};
}

}  // namespace heddle::lanes::cuda
