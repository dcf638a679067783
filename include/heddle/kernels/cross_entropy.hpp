// Cross entropy over a vocabulary that may be split into blocks, without ever gathering the logits: each
// block gives its rows' log-sum-exp, these are put together over the blocks (log of the sum of exp), and the
// block that holds a row's target gives its log-probability.
//   loss = scale * sum over rows of (lse - l[target]),  lse = log sum exp(l)
// What there is one of a row is of the logits' compute_type.
// Rows of logits may be longer than the block: what stands in the columns behind it is not read.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/kernels/write.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// A block of the vocabulary: `count` tokens from `first` on.
struct TokenBlock {
  std::int64_t first = 0, count = 0;
};

/// lse[r] = log sum over c < block.count of exp(logits[r, c]), -infinity for an empty block; logits [R, C] with
/// C >= block.count, lse [R]. One pass with a running maximum (Milakov & Gimelshein, arXiv 1805.02867).
void log_sum_exp(const lanes::Lane& lane, const Tensor& logits, TokenBlock block, const Tensor& lse);

/// logp[r] = logits[r, target] - lse[r] if the target lies in this block, else 0: the blocks' sum is the
/// target's log-probability, and 0 for one that does not count (base/target.hpp). targets int32 [R] of the
/// whole vocabulary; lse [R] over all blocks; logp [R].
void log_probability(const lanes::Lane& lane, const Tensor& logits, const Tensor& lse, const Tensor& targets,
                     TokenBlock block, const Tensor& logp);

/// dlogits = dlogp[r] ((1 at the target, else 0) - exp(logits - lse)), 0 where the target does not count and in
/// columns behind the block; dlogits may be logits. This is the adjoint through lse as well, for dlogp equal on all blocks.
void log_probability_gradient(const lanes::Lane& lane, const Tensor& logits, const Tensor& lse,
                              const Tensor& targets, TokenBlock block, const Tensor& dlogp,
                              const Tensor& dlogits);

/// loss = -scale * sum over r of logp[r], added up in double; loss is fp32 or fp64.
void nll(const lanes::Lane& lane, const Tensor& logp, double scale, const Tensor& loss, Write write);

/// dlogp[r] = -scale * dloss
void nll_gradient(const lanes::Lane& lane, double scale, double dloss, const Tensor& dlogp);

}  // namespace heddle::kernels
