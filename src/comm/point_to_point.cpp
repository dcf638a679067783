#include "heddle/comm/point_to_point.hpp"

#include "communicator_handle.hpp"
#include "segments.hpp"

namespace heddle::comm {
namespace {

Segment whole(const Tensor& tensor) {
  return {tensor.dtype, maps::Box(tensor.shape), maps::Box(tensor.shape)};
}

}  // namespace

Request start_send(const Communicator& communicator, int peer, Label label, const Tensor& tensor,
                   const lanes::Lane& lane) {
  const auto& group = communicator.handle();
  if (auto* channel = group.channels.one({group.rank, peer, label.channel}, lane))
    return make_request(*group.shared, lane, *channel, "send", {tensor}, [&] {
      const DeviceMessages::Message message{1, tensor};
      channel->exchange({&message, 1}, {});
    });
  const auto send = [&group, peer, tag = label.tag](Request::State& state, const std::vector<Tensor>& sent) {
    const Segment all = whole(sent.front());
    check(MPI_Isend(all.in(sent.front().data), all.count(), all.type(), peer, tag, group.comm, state.add()),
          "MPI_Isend");
  };
  return make_request(*group.shared, lane, {"send", {{Use::Of::reads, tensor}}, send, Calls::Of::messages});
}

Request start_receive(const Communicator& communicator, int peer, Label label, const Tensor& tensor,
                      const lanes::Lane& lane) {
  const auto& group = communicator.handle();
  if (auto* channel = group.channels.one({peer, group.rank, label.channel}, lane))
    return make_request(*group.shared, lane, *channel, "receive", {tensor}, [&] {
      const DeviceMessages::Message message{0, tensor};
      channel->exchange({}, {&message, 1});
    });
  const auto receive = [&group, peer, tag = label.tag](Request::State& state,
                                                       const std::vector<Tensor>& received) {
    const Segment all = whole(received.front());
    check(
        MPI_Irecv(all.in(received.front().data), all.count(), all.type(), peer, tag, group.comm, state.add()),
        "MPI_Irecv");
    state.receives = 1;
  };
  return make_request(*group.shared, lane,
                      {"receive", {{Use::Of::writes, tensor}}, receive, Calls::Of::messages});
}

}  // namespace heddle::comm
