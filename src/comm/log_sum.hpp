// The operation of MPI that maps::MapKind::log_sum_reduce needs and MPI lacks.
#pragma once

#include "mpi.hpp"

namespace heddle::comm {

/// inout = log(exp(in) + exp(inout)), for MPI_FLOAT and MPI_DOUBLE. Lives to the end of the process.
MPI_Op log_sum_op();

}  // namespace heddle::comm
