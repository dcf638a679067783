#include "together.hpp"

#include <string>

#include "heddle/base/error.hpp"
#include "heddle/comm/mpi_handle.hpp"

namespace heddle::io {

void together(const comm::Communicator& ranks, const std::function<void()>& body) {
  const MPI_Comm group = comm::mpi_handle(ranks);
  int code = 0;
  std::string message;
  try {
    body();
  } catch (const Error& error) {
    code = static_cast<int>(error.code());
    message = error.what();
  } catch (const std::exception& error) {
    code = static_cast<int>(ExitCode::failure);
    message = error.what();
  }
  int failed = code == 0 ? ranks.size() : ranks.rank(), first = 0;
  MPI_Allreduce(&failed, &first, 1, MPI_INT, MPI_MIN, group);
  if (first == ranks.size()) return;

  int facts[2] = {code, static_cast<int>(message.size())};
  MPI_Bcast(facts, 2, MPI_INT, first, group);
  message.resize(static_cast<std::size_t>(facts[1]));
  MPI_Bcast(message.data(), facts[1], MPI_CHAR, first, group);
  throw Error(static_cast<ExitCode>(facts[0]), message);
}

}  // namespace heddle::io
