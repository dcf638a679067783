// Causal attention that never stores a sequence x sequence matrix: tiles with an online softmax, recomputed
// for the gradient (Dao, "FlashAttention-2", arXiv 2307.08691).
#pragma once

#include <cstdint>

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
/// in qkv's compute_type.
void attention(const lanes::Lane& lane, const Tensor& qkv, std::int64_t sequence, double scale,
               const AttentionDropout& dropout, const Tensor& out, const Tensor& logsumexp);

/// dqkv [R, 3, H, D] from dout, and from what `attention` read and wrote.
void attention_gradient(const lanes::Lane& lane, const Tensor& dout, const Tensor& out,
                        const Tensor& logsumexp, const Tensor& qkv, std::int64_t sequence, double scale,
                        const AttentionDropout& dropout, const Tensor& dqkv);

}  // namespace heddle::kernels
