// Carries out a transfer plan (halo exchange, repartition, broadcast between partitions, all their adjoints)
// between real ranks.
#pragma once

#include <memory>

#include "heddle/base/tensor.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/comm/request.hpp"
#include "heddle/lanes/lane.hpp"
#include "heddle/maps/transfer.hpp"

namespace heddle::comm {

/// Prepared once, started often; nothing is allocated per element afterwards. All ranks of the communicator
/// make it from the same plan, whose rank numbers are the communicator's. It may be started again before an
/// earlier start is done, and may go away before its requests are.
class Exchange {
 public:
  Exchange(const Communicator& communicator, const maps::TransferPlan& plan, DType dtype);

  /// `in` has the shape of plan.source[rank], `out` of plan.target[rank]; they do not overlap. Elements of
  /// `out` that no piece reaches become zero; where several arrive they are added in the order of the plan,
  /// bf16 in fp32 and rounded once. Follows on what was enqueued on the lane, as comm/apply.hpp has it.
  Request start(const Tensor& in, const Tensor& out, const lanes::Lane& lane) const;

  struct Route;

 private:
  std::shared_ptr<Route> route_;
};

}  // namespace heddle::comm
