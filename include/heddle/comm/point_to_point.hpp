// Messages between two ranks, posted ahead: what the pipeline's shifts are made of.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/comm/request.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::comm {

/// Messages between the same two ranks with the same tag arrive in the order in which they were started. A
/// message is read, and the memory of one that comes is written, once all is done that was enqueued on the
/// lane before. `peer` is a rank of `communicator`, 0 <= tag <= 32000; receiver and sender name the same
/// dtype and shape.
Request start_send(const Communicator& communicator, int peer, int tag, const Tensor& tensor,
                   const lanes::Lane& lane);
Request start_receive(const Communicator& communicator, int peer, int tag, const Tensor& tensor,
                      const lanes::Lane& lane);

}  // namespace heddle::comm
