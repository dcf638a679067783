#include "mpi.hpp"

#include <fmt/format.h>

namespace heddle::comm {

void check(int status, const char* call) {
  if (status == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(status, text, &length);
  throw Error(ExitCode::failure, fmt::format("{} failed", call), text);
}

}  // namespace heddle::comm
