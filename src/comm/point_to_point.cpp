#include "heddle/comm/point_to_point.hpp"

#include "communicator_handle.hpp"
#include "pieces.hpp"
#include "request_state.hpp"

namespace heddle::comm {

Request start_send(const Communicator& communicator, int peer, int tag, const Tensor& tensor) {
  auto state = std::make_unique<Request::State>(*communicator.handle().watchdog);
  const Piece whole(tensor.dtype, maps::Box(tensor.shape), maps::Box(tensor.shape));
  check(MPI_Isend(whole.in(tensor.data), whole.count(), whole.type(), peer, tag, communicator.handle().comm,
                  state->add()),
        "MPI_Isend");
  return Request(std::move(state));
}

Request start_receive(const Communicator& communicator, int peer, int tag, const Tensor& tensor) {
  auto state = std::make_unique<Request::State>(*communicator.handle().watchdog);
  const Piece whole(tensor.dtype, maps::Box(tensor.shape), maps::Box(tensor.shape));
  check(MPI_Irecv(whole.in(tensor.data), whole.count(), whole.type(), peer, tag, communicator.handle().comm,
                  state->add()),
        "MPI_Irecv");
  state->receives = 1;
  return Request(std::move(state));
}

}  // namespace heddle::comm
