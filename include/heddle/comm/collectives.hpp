// What all ranks of a communicator do together, beside the maps of the table (comm/apply.hpp).
// Non-blocking; all ranks start the same operations in the same order. What is done to tensors begins once
// all is done that was enqueued on the lane before. The result of a sum depends on the ranks and the sizes
// only, never on who arrives first: the same call on the same inputs gives the same bits again, and every
// rank gets the same bits.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "heddle/base/tensor.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/comm/request.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::comm {

/// log_sum is log(sum of exp), of fp32 and fp64 only.
enum class Reduction { sum, log_sum };

/// Elementwise over the ranks; `in` and `out` have one shape on all of them, and in.data == out.data is
/// allowed. fp32, fp64, int32.
Request start_all_reduce(const Communicator& communicator, Reduction reduction, const Tensor& in,
                         const Tensor& out, const lanes::Lane& lane);

/// The sum over the ranks in place, of fp32. Sent as bf16, what a rank holds is rounded to bf16, added in fp32 in the
/// order of the ranks, and the sum is rounded once: half the bytes between ranks, and a workspace of as many bytes as
/// the tensor, which is kept. It has two phases, and comes to the second only when it is itself tested or waited for.
Request start_sum(const Communicator& communicator, const Tensor& sums, DType sent, const lanes::Lane& lane);

/// The sums of these numbers over the ranks, equal bits everywhere, which replace them once the request is
/// done. It shares their memory, so that they may be forgotten while it is under way.
Request start_all_sum(const Communicator& communicator, const std::shared_ptr<std::vector<double>>& numbers);

/// The sum over the ranks comes to `root`, in place; what the others held stays what it was. The adjoint
/// of a broadcast.
Request start_reduce(const Communicator& communicator, int root, const Tensor& tensor,
                     const lanes::Lane& lane);

/// What `root` holds comes to all ranks.
Request start_broadcast(const Communicator& communicator, int root, const Tensor& tensor,
                        const lanes::Lane& lane);

/// The sum of one number over the ranks, equal bits everywhere. Waits; `action` names it in a hang report.
double all_sum(const Communicator& communicator, double value, const std::string& action);

/// Returns when all ranks have come here. Goes before a call that blocks inside MPI, where the news that a
/// rank has failed on its way would not be heard.
void barrier(const Communicator& communicator, const std::string& action);

}  // namespace heddle::comm
