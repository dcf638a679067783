// Causal attention that never stores its probabilities: tiles with an online softmax, recomputed for the gradient (Dao,
// "FlashAttention-2", arXiv 2307.08691). What base/fused_attention.hpp says is the library's of a build that has one.
#pragma once

#include <cstdint>

#include "heddle/base/attention_memory.hpp"
#include "heddle/base/tensor.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// The probability of key j for row r and head h is kept iff uniform_at(key, stream, ((first_row + r) *
/// total_heads + first_head + h) * sequence + j) >= rate, and then scaled by 1 / (1 - rate).
struct AttentionDropout {
  std::uint64_t key = 0;
  std::uint64_t stream = 0;
  double rate = 0;
  std::int64_t first_row = 0;
  std::int64_t first_head = 0;
  std::int64_t total_heads = 1;
};

/// out = dropout(softmax(scale q k^T, causal)) v in every sample and head.
/// qkv [R, 3, H, D] with R = samples * sequence, out [R, H, D], logsumexp [R, H] of the scaled scores,
/// in qkv's compute_type. `workspace` holds as many bytes as attention_workspace says, and is left out where that is none. A
/// library is asked only where it has one.
void attention(const lanes::Lane& lane, const Tensor& qkv, std::int64_t sequence, double scale,
               const AttentionDropout& dropout, const Tensor& out, const Tensor& logsumexp,
               const Tensor& workspace = {});

/// dqkv [R, 3, H, D] from dout, and from what `attention` read and wrote.
void attention_gradient(const lanes::Lane& lane, const Tensor& dout, const Tensor& out,
                        const Tensor& logsumexp, const Tensor& qkv, std::int64_t sequence, double scale,
                        const AttentionDropout& dropout, const Tensor& dqkv, const Tensor& workspace = {});

/// Makes ready what a library needs for such calls, which may take seconds and memory of the device; where nobody did, the
/// first call does. Of `qkv` only type and shape count.
void prepare_attention(fused_attention::Pass pass, const Tensor& qkv, std::int64_t sequence, double scale,
                       const AttentionDropout& dropout);

}  // namespace heddle::kernels
