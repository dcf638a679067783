// What CUDA and NCCL are told by the environment.
#include <cstdlib>

#include "heddle/comm/carrier.hpp"

namespace heddle::comm {

// While a message waits on a GPU for another rank, nothing else there may have to wait for it.
void set_up_libraries(int ranks) {
  if (ranks == 1) return;
  constexpr int keep = 0;
  setenv("CUDA_MODULE_LOADING", "EAGER", keep);       // code that is loaded later may wait for all that runs
  setenv("CUDA_DEVICE_MAX_CONNECTIONS", "32", keep);  // lanes that share one queue wait for each other
  setenv("NCCL_RUNTIME_CONNECT", "0", keep);          // rings are connected when a group is made
  setenv("NCCL_NVLS_ENABLE", "0", keep);              // memory for an algorithm that is not taken
  setenv("NCCL_ALGO", "Ring", keep);                  // sums in one order, whatever NCCL finds fastest
}

}  // namespace heddle::comm
