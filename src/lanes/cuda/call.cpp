#include "heddle/lanes/cuda/call.hpp"

#include <string>

#include "heddle/base/error.hpp"

namespace heddle::lanes::cuda {

void check(cudaError_t result, const char* call) {
  if (result == cudaSuccess) return;
  cudaGetLastError();
  throw Error(ExitCode::failure, std::string(call) + " failed on the GPU", cudaGetErrorString(result));
}

}  // namespace heddle::lanes::cuda
