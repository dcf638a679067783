// Messages between two ranks, posted ahead: what the pipeline's shifts are made of.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/comm/request.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::comm {

/// Messages from one rank of a communicator to another that are taken in the order in which they are sent.
struct Channel {
  int from, to, number;

  friend auto operator<=>(const Channel&, const Channel&) = default;
};

/// By what messages between two ranks are told apart: MPI goes by the tag, a device's message library by the channel, if it was
/// opened (CartesianGrid::open_channels). 0 <= tag <= 32000.
struct Label {
  Label(int its_tag, int its_channel = -1) : tag(its_tag), channel(its_channel) {}
  int tag, channel;
};

/// Messages between the same two ranks with the same tag arrive in the order in which they were started. A
/// message is read, and the memory of one that comes is written, once all is done that was enqueued on the
/// lane before. `peer` is a rank of `communicator`; receiver and sender name the same dtype and shape.
Request start_send(const Communicator& communicator, int peer, Label label, const Tensor& tensor,
                   const lanes::Lane& lane);
Request start_receive(const Communicator& communicator, int peer, Label label, const Tensor& tensor,
                      const lanes::Lane& lane);

}  // namespace heddle::comm
