// No library does attention: on the host, or where cuDNN is not found.
#include "fused_attention.hpp"

namespace heddle::kernels {

bool enqueue_fused_attention(const lanes::Lane&, fused_attention::Pass, const fused_attention::Call&, double,
                             const AttentionTensors&, const Tensor&) {
  return false;
}

void prepare_fused_attention(fused_attention::Pass, const fused_attention::Call&, double) {}

void close_fused_attention() {}

}  // namespace heddle::kernels
