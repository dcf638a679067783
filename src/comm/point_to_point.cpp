#include "heddle/comm/point_to_point.hpp"

#include "communicator_handle.hpp"
#include "segments.hpp"

namespace heddle::comm {

Request start_send(const Communicator& communicator, int peer, int tag, const Tensor& tensor,
                   const lanes::Lane& lane) {
  const auto& group = communicator.handle();
  return make_request(
      *group.shared, lane, "send", {tensor.data}, [&group, peer, tag, tensor](Request::State& state) {
        const Segment whole(tensor.dtype, maps::Box(tensor.shape), maps::Box(tensor.shape));
        check(
            MPI_Isend(whole.in(tensor.data), whole.count(), whole.type(), peer, tag, group.comm, state.add()),
            "MPI_Isend");
      });
}

Request start_receive(const Communicator& communicator, int peer, int tag, const Tensor& tensor,
                      const lanes::Lane& lane) {
  const auto& group = communicator.handle();
  return make_request(
      *group.shared, lane, "receive", {tensor.data}, [&group, peer, tag, tensor](Request::State& state) {
        const Segment whole(tensor.dtype, maps::Box(tensor.shape), maps::Box(tensor.shape));
        check(
            MPI_Irecv(whole.in(tensor.data), whole.count(), whole.type(), peer, tag, group.comm, state.add()),
            "MPI_Irecv");
        state.receives = 1;
      });
}

}  // namespace heddle::comm
