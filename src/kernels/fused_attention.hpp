// A device's share of attention: a library's fused kernel, where the build has one.
#pragma once

#include "heddle/base/fused_attention.hpp"
#include "heddle/base/tensor.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// What `attention` and `attention_gradient` are handed; dout and dqkv are of the latter.
struct AttentionTensors {
  Tensor qkv, out, logsumexp, dout = {}, dqkv = {};
};

/// Enqueues one pass if the build's library takes it and there is a workspace; else false.
bool enqueue_fused_attention(const lanes::Lane& lane, fused_attention::Pass pass,
                             const fused_attention::Call& call, double scale, const AttentionTensors& tensors,
                             const Tensor& workspace);

/// Makes ready what the library needs for such a pass, which may take seconds.
void prepare_fused_attention(fused_attention::Pass pass, const fused_attention::Call& call, double scale);

/// Before Kokkos.
void close_fused_attention();

}  // namespace heddle::kernels
