// The one public header that names an MPI type, for who calls MPI by itself.
// Include it only from a source file.
#pragma once

#include <mpi.h>

#include "heddle/comm/communicator.hpp"

namespace heddle::comm {

/// Stays owned by `communicator`. What is done on it directly is not seen by the hang watchdog: a
/// collective that waits, such as barrier(), goes before.
MPI_Comm mpi_handle(const Communicator& communicator);

}  // namespace heddle::comm
