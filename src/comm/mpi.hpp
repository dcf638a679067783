// MPI as the sources of this module use it: errors become exceptions, number types become MPI types.
#pragma once

#include <mpi.h>

#include "heddle/base/dtype.hpp"

namespace heddle::comm {

/// Throws Error if an MPI call did not succeed: `check(MPI_Isend(...), "MPI_Isend")`.
void check(int status, const char* call);

/// For moving; bf16 travels as 16 bits. Sums are only for fp32, fp64 and int32.
inline MPI_Datatype mpi_type(DType type) {
  switch (type) {
    case DType::f32: return MPI_FLOAT;
    case DType::f64: return MPI_DOUBLE;
    case DType::bf16: return MPI_UINT16_T;
    case DType::i32: return MPI_INT32_T;
    case DType::i16: return MPI_INT16_T;
  }
  return MPI_DATATYPE_NULL;
}

}  // namespace heddle::comm
