#include "device_aware.hpp"

#include "mpi.hpp"
#if __has_include(<mpi-ext.h>)
#include <mpi-ext.h>

#include "heddle/base/environment.hpp"
#endif

namespace heddle::comm {

// Open MPI says so itself, Cray's MPICH by the switch of its users; of others people know, and they are believed first.
std::string lacks_device_aware_mpi() {
  for (const char* const statement : {"HEDDLE_MPI_REACHES_GPUS", "MPICH_GPU_SUPPORT_ENABLED"})
    if (const std::string value = environment(statement); !value.empty())
      return value == "1" ? "" : std::string(statement) + " is " + value;
#ifdef MPIX_CUDA_AWARE_SUPPORT
  return MPIX_Query_cuda_support() ? "" : "MPIX_Query_cuda_support() is 0";
#else
  return "this MPI does not tell";
#endif
}

}  // namespace heddle::comm
