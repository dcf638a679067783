// What all ranks of a communicator do together. Non-blocking; all ranks start the same operations in the same
// order. The result of a sum depends on the ranks and the sizes only, never on who arrives first: the same
// call on the same inputs gives the same bits again, and every rank gets the same bits.
#pragma once

#include <string>

#include "heddle/base/tensor.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/comm/request.hpp"

namespace heddle::comm {

enum class Reduction { sum, max };

/// Elementwise over the ranks; `in` and `out` have one shape on all of them, and in.data == out.data is
/// allowed. fp32, fp64, int32.
Request start_all_reduce(const Communicator& communicator, Reduction reduction, const Tensor& in,
                         const Tensor& out);

/// `out` is the ranks' `in`, one after another along `dim`: rank i's is the balanced block i of
/// out.shape[dim].
Request start_all_gather(const Communicator& communicator, int dim, const Tensor& in, const Tensor& out);

/// `out` is this rank's balanced block along `dim` of the sum of the ranks' `in`, added in the order of the
/// ranks. fp32, fp64, int32.
Request start_reduce_scatter(const Communicator& communicator, int dim, const Tensor& in, const Tensor& out);

/// From balanced blocks along `from` (`in`, whole along `to`) to balanced blocks along `to` (`out`, whole
/// along `from`).
Request start_all_to_all(const Communicator& communicator, int from, int to, const Tensor& in,
                         const Tensor& out);

/// The sum of one number over the ranks, equal bits everywhere. Waits; `action` names it in a hang report.
double all_sum(const Communicator& communicator, double value, const std::string& action);

/// Returns when all ranks have come here. Goes before a call that blocks inside MPI, where the news that a rank has
/// failed on its way would not be heard.
void barrier(const Communicator& communicator, const std::string& action);

}  // namespace heddle::comm
