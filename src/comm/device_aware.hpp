// Whether MPI may be handed memory of a GPU.
#pragma once

#include <string>

namespace heddle::comm {

/// Why not; empty where it may.
std::string lacks_device_aware_mpi();

}  // namespace heddle::comm
