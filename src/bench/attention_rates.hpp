// Attention of one shape, forward and backward.
#pragma once

#include "heddle/bench/machine.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::bench {

/// FLOPs a second, counted as the op counts them: what it must compute of the pairs below the diagonal, recomputed scores
/// of backward included (src/graph/op_attention.cpp).
struct AttentionRates {
  double forward, backward;
};
/// Collective.
AttentionRates attention_rates(const comm::Communicator& ranks, const lanes::Lane& lane,
                               const AttentionShape& shape);

}  // namespace heddle::bench
