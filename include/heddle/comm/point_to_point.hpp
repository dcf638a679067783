// Messages between two ranks, posted ahead: what the pipeline's shifts are made of.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/comm/request.hpp"

namespace heddle::comm {

/// Messages between the same two ranks with the same tag arrive in the order in which they were started.
/// `peer` is a rank of `communicator`, 0 <= tag <= 32000; receiver and sender name the same dtype and shape.
Request start_send(const Communicator& communicator, int peer, int tag, const Tensor& tensor);
Request start_receive(const Communicator& communicator, int peer, int tag, const Tensor& tensor);

}  // namespace heddle::comm
