// What stands behind a Request: MPI requests, and what is left to do here before and after them.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "heddle/comm/request.hpp"
#include "heddle/lanes/memory.hpp"
#include "mpi.hpp"

namespace heddle::comm {

struct Shared;

struct Request::State {
  explicit State(Shared& all) : shared(&all) {}
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// Keeps the memory in which `data` lies.
  void share(const void* data) {
    if (auto owner = lanes::owner_of(data)) own.push_back(std::move(owner));
  }
  MPI_Request* add() { return &pending.emplace_back(MPI_REQUEST_NULL); }

  Shared* shared;
  lanes::Mark ready;                  ///< what was enqueued on the lane before is done
  std::function<void(State&)> start;  ///< the calls of MPI; empty once they are made
  std::vector<MPI_Request> pending;
  std::size_t receives = 0;  ///< the first so many of `pending` are receives, which can be cancelled
  std::vector<std::shared_ptr<void>> own;  ///< memory that is read and written
  /// Enqueues what is left to do on the lane, and may go on; may be empty.
  std::function<void(State&)> finish;
};

/// A request that keeps `own` and the memory in which `memory` lies. `start` makes its calls of MPI, once all
/// is done that was enqueued on the lane before; it may be called later, so it holds what it needs by value.
Request make_request(Shared& shared, const lanes::Lane& lane, const char* what,
                     std::initializer_list<const void*> memory, std::function<void(Request::State&)> start);

/// Makes more calls of MPI, once all is done that was enqueued on the lane before: of messages, since collectives would
/// come in another order elsewhere. For `finish`.
void go_on(Request::State& state, const lanes::Lane& lane, const char* what,
           std::function<void(Request::State&)> start);

}  // namespace heddle::comm
