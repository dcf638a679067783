// What stands behind a Request: MPI requests, and what is left to do here once they are complete.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "heddle/comm/request.hpp"
#include "mpi.hpp"

namespace heddle::comm {

struct Request::State {
  explicit State(Watchdog& dog) : watchdog(&dog) {}
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  MPI_Request* add() { return &pending.emplace_back(MPI_REQUEST_NULL); }

  Watchdog* watchdog;
  std::vector<MPI_Request> pending;
  std::size_t receives = 0;      ///< the first so many of `pending` are receives, which can be cancelled
  std::shared_ptr<void> own;     ///< numbers that are no tensor of the caller's; may be empty
  std::function<void()> finish;  ///< may be empty
};

}  // namespace heddle::comm
