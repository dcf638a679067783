// What stands behind a Request: MPI requests, and what is left to do here before and after them.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <vector>

#include "heddle/base/tensor.hpp"
#include "heddle/comm/device_messages.hpp"
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

  MPI_Request* add() { return &pending.emplace_back(MPI_REQUEST_NULL); }

  Shared* shared;
  lanes::Mark ready;                  ///< what was enqueued on the lane before is done
  std::function<void(State&)> start;  ///< the calls of MPI; empty once they are made
  /// Of calls that are enqueued on a device: passed once they are done there. Nothing of the below is then used but `own`.
  std::optional<lanes::Mark> on_device;
  lanes::Lane lane;  ///< and the lane whose work they follow
  std::vector<MPI_Request> pending;
  std::size_t receives = 0;  ///< the first so many of `pending` are receives, which can be cancelled
  std::vector<std::shared_ptr<void>> own;  ///< memory that is read and written
  /// Enqueues what is left to do on the lane, and may go on; may be empty.
  std::function<void(State&)> finish;
};

/// A tensor of the lane's memory that a request hands to MPI, which reads or writes all of it, or both; or that it only
/// keeps.
struct Use {
  enum class Of { reads, writes, both, keeps } of;
  Tensor tensor;

  bool read() const { return of == Of::reads || of == Of::both; }
  bool written() const { return of == Of::writes || of == Of::both; }
};

/// Calls of MPI to be made once all is done that was enqueued on the lane before; maybe later, so `start` holds what it
/// needs by value. It is given the tensors of `uses` where MPI reaches them: where they lie, or, of a lane whose memory
/// is not the host's, copies there, that are made before and brought back after. A device-aware MPI takes messages from a
/// device's memory, and puts them there, itself; of collectives that go on beside the host Open MPI can do none so, and others few.
struct Calls {
  enum class Of { collectives, messages };
  const char* what;
  std::vector<Use> uses;
  std::function<void(Request::State&, const std::vector<Tensor>&)> start;
  Of of = Of::collectives;
};

/// A request that keeps the memory in which what it uses lies.
Request make_request(Shared& shared, const lanes::Lane& lane, Calls calls);

/// What is enqueued on a device until `done`.
Request follow(Shared& shared, const lanes::Lane& lane, const lanes::Mark& done,
               std::initializer_list<Tensor> tensors);

/// Calls of a device's message library, which `enqueue` puts on the lane of `group` behind all that was enqueued on `lane`
/// before. The request keeps the memory in which the tensors lie.
template <class Enqueue>
Request make_request(Shared& shared, const lanes::Lane& lane, DeviceMessages::Group& group, const char* what,
                     std::initializer_list<Tensor> tensors, const Enqueue& enqueue) {
  group.lane().await(lane.mark(what));
  enqueue();
  return follow(shared, lane, group.lane().mark(what), tensors);
}

/// Makes more calls: of messages, since collectives would come in another order elsewhere. For `finish`.
void go_on(Request::State& state, const lanes::Lane& lane, Calls calls);

}  // namespace heddle::comm
