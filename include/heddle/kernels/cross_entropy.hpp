// Cross entropy over a vocabulary that may be split into blocks, without ever gathering the logits: each
// block gives its rows' maximum, then, under the maximum over all blocks, two sums that add up over the
// blocks.
//   loss = scale * sum over rows of (log(sum exp(l - m)) + m - l[target])
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/kernels/lane.hpp"
#include "heddle/kernels/write.hpp"

namespace heddle::kernels {

/// m[r] = max over c of logits[r, c], -infinity for an empty block; logits [R, Vl], m [R].
void row_max(const Lane& lane, const Tensor& logits, const Tensor& m);

/// sums[r] = (sum over c of exp(logits[r, c] - m[r]), the target's logit if it lies in this block, else 0);
/// targets int32 [R] of the whole vocabulary, this block's tokens begin at first_token; sums [R, 2].
void exp_sum(const Lane& lane, const Tensor& logits, const Tensor& m, const Tensor& targets,
             std::int64_t first_token, const Tensor& sums);

/// dlogits = dsums[r, 0] exp(logits - m) + dsums[r, 1] at the target; dlogits may be logits.
/// The adjoint with m held constant, which is exact: the loss does not depend on m.
void exp_sum_gradient(const Lane& lane, const Tensor& logits, const Tensor& m, const Tensor& targets,
                      std::int64_t first_token, const Tensor& dsums, const Tensor& dlogits);

/// loss = scale * sum over r of (log(sums[r, 0]) + m[r] - sums[r, 1]), added up in double; loss is fp32 or
/// fp64.
void nll(const Lane& lane, const Tensor& sums, const Tensor& m, double scale, const Tensor& loss,
         Write write);

/// dsums[r] = scale * dloss * (1 / sums[r, 0], -1)
void nll_gradient(const Lane& lane, const Tensor& sums, double scale, double dloss, const Tensor& dsums);

}  // namespace heddle::kernels
